# docker build -t r1book . && docker run --rm -p 127.0.0.1:8888:8888 r1book
FROM python:3.12-slim
RUN useradd --create-home reader
USER reader
# WORKDIR alone would make this folder as root, and .venv could not be written.
RUN mkdir /home/reader/book
WORKDIR /home/reader/book
COPY --chown=reader:reader . .
RUN python r1.py doctor
EXPOSE 8888
# JupyterLab prints an address with a token; open it in your browser.
CMD ["python", "r1.py", "lab", "--ip=0.0.0.0", "--no-browser"]

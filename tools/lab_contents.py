"""How `python r1.py lab` reads notebooks: with the version of the reader's Python.

JupyterLab writes that version into each notebook that it opens, and calls the notebook
unsaved if another one was there. Nothing is written here: a file changes when a reader
saves it.
"""

import platform

from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager


def with_version(metadata: dict, version: str) -> None:
    """Put a version of Python into the metadata of a notebook that names one.

    >>> metadata = {"language_info": {"name": "python", "version": "3.12.1"}}
    >>> with_version(metadata, "3.13.0")
    >>> metadata["language_info"]["version"]
    '3.13.0'
    """
    language = metadata.get("language_info", {})
    if language.get("name") == "python" and "version" in language:
        language["version"] = version


class Contents(AsyncLargeFileManager):
    """The files of the book, read as they are but for that version."""

    async def get(self, path, content=True, type=None, format=None, require_hash=False):
        model = await super().get(path, content, type, format, require_hash)
        if model["type"] == "notebook" and model["content"]:
            with_version(model["content"]["metadata"], platform.python_version())
        return model

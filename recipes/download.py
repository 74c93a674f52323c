"""Fetch a published model from the Hub: only when a reader asks for it.

The licence is the publisher's: MIT for DeepSeek-R1 and its Qwen students' weights,
Apache-2.0 for most Qwen2.5 models, Meta's own for Llama and what is distilled into it.
"""

import re
from pathlib import Path

from r1lib.files import line, shown

NAME = re.compile(r"[\w.-]+/[\w.-]+")
KINDS = ["*.json", "*.safetensors"]  # no pickle, no code


def download(repository: str, folder=None, revision: str | None = None) -> Path:
    """Fetch "owner/name" into a folder, or the Hub's cache; return where it is.

    ValueError, in one line, for a repository that is not there, is gated or cannot be
    reached.
    """
    if not NAME.fullmatch(repository):
        raise ValueError(f"wanted owner/name of a repository, got {shown(repository)}")
    try:
        from huggingface_hub import errors, snapshot_download
    except ModuleNotFoundError:
        raise ValueError("downloads need: pip install huggingface_hub") from None
    where = {"revision": revision, "local_dir": folder, "allow_patterns": KINDS}
    try:
        return Path(snapshot_download(repository, **where))
    except errors.GatedRepoError:
        page = f"https://huggingface.co/{repository}"
        raise ValueError(
            f"{repository} is gated: accept its licence at {page}, then log in with "
            "`hf auth login`"
        ) from None
    except errors.RepositoryNotFoundError:
        raise ValueError(f"no repository {repository}, or it is private") from None
    except (errors.HfHubHTTPError, OSError) as error:  # offline is an OSError
        raise ValueError(f"{repository}: not reached: {line(error, 200)}") from error

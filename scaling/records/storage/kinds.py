"""Which stores does fsspec open, with which package, and which of their refusals are final?"""

from dataclasses import dataclass, field
from typing import Any

from scaling.study.libraries import first_line


@dataclass(frozen=True)
class Kind:
    """How fsspec opens a scheme."""

    package: str | None = None  # that fsspec needs
    options: dict[str, Any] = field(default_factory=dict)
    # Whether a file can be created only where there is none, in one step of the store's.
    creates_in_one_step: bool = False
    makes_folders: bool = False  # folders must be there before a file in them


_S3 = {
    "use_listings_cache": False,
    "config_kwargs": {"connect_timeout": 5, "read_timeout": 30, "retries": {"max_attempts": 0}},
}
_UNCACHED = {"use_listings_cache": False}
# Any other scheme that fsspec knows is opened as OTHER.
KINDS = {
    "s3": Kind("s3fs", _S3, creates_in_one_step=True),
    "gs": Kind("gcsfs", _UNCACHED, creates_in_one_step=True),
    "gcs": Kind("gcsfs", _UNCACHED, creates_in_one_step=True),
    "abfs": Kind("adlfs", _UNCACHED),
    "az": Kind("adlfs", _UNCACHED),
    "memory": Kind(creates_in_one_step=True, makes_folders=True),
}
OTHER = Kind(options=_UNCACHED, makes_folders=True)
LOCAL = ("file", "local")
# By their names, as the packages that raise them may be missing here.
NO_CREDENTIALS = (
    "NoCredentialsError",
    "PartialCredentialsError",
    "ProfileNotFound",
    "CredentialRetrievalError",
    "TokenRetrievalError",
    "DefaultCredentialsError",
    "HttpError401",
)
# Exceptions of the packages that carry requests, which are no OSError.
CARRIERS = ("botocore", "aiobotocore", "aiohttp", "gcsfs", "google", "azure", "urllib3", "requests")


def kind_of(scheme: str) -> Kind:
    return KINDS.get(scheme, OTHER)


def opened(scheme: str):
    """fsspec's filesystem of ``scheme``; ValueError, one line, where it has none."""
    check_scheme(scheme)
    import fsspec

    kind = kind_of(scheme)
    try:
        files = fsspec.filesystem(scheme, **kind.options)
    except Exception as error:  # each filesystem raises its own where settings are missing
        why = refusal(error) or str(error).splitlines()[0]
        raise ValueError(f"{scheme}:// cannot be opened: {why}") from error
    if hasattr(files, "retries"):
        files.retries = 1  # it is asked again here
    return files


def check_scheme(scheme: str) -> None:
    """ValueError for a scheme that no store has, or whose package is missing."""
    if scheme in LOCAL:
        raise ValueError(f"{scheme}:// names a folder of this machine; give its path alone")
    import fsspec

    try:
        fsspec.get_filesystem_class(scheme)
    except ImportError:
        needed = kind_of(scheme).package or "a package that fsspec names"
        raise ValueError(
            f"results at {scheme}:// need {needed}; install it, as with pip install {needed}"
        ) from None
    except ValueError:
        raise ValueError(
            f"no store is called {scheme}://; those tried are {', '.join(KINDS)}, and fsspec knows "
            "others"
        ) from None


def refusal(error: Exception) -> str | None:
    """Why asking again would not help, in words; None where it may."""
    names = {cls.__name__ for cls in type(error).__mro__}
    first = first_line(error)
    if names & set(NO_CREDENTIALS):
        return (
            f"no credentials ({first}); set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile "
            "or a role, or for gs:// GOOGLE_APPLICATION_CREDENTIALS"
        )
    if isinstance(error, PermissionError):
        return f"access is denied ({first}); see to the credentials and what they allow"
    if isinstance(error, FileNotFoundError):
        return f"not found ({first}); make the bucket, or name another"
    if isinstance(error, NotImplementedError):
        return f"the store cannot do that ({first or 'not implemented'})"
    return None


def comes_from_the_store(error: Exception) -> bool:
    package = type(error).__module__.partition(".")[0]
    return isinstance(error, OSError) or package in CARRIERS

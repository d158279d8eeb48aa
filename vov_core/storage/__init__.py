"""The object store: where approved outputs are kept, and nothing else.

A new kind of store is one class behind :class:`ObjectStore` and one line in :func:`open_store`.
"""

from vov_core.settings import Settings
from vov_core.storage.base import THUMBNAIL, ObjectStore, disposition
from vov_core.storage.local import LocalStore
from vov_core.storage.s3 import S3Store

__all__ = ["THUMBNAIL", "LocalStore", "ObjectStore", "S3Store", "disposition", "open_store"]


def open_store(settings: Settings) -> ObjectStore:
    """The object store that the settings name. Does not talk to it yet; ``check()`` does."""
    if settings.store == "local":
        return LocalStore(settings.data_dir / "photos")
    return S3Store(
        bucket=settings.s3_bucket or "",
        endpoint=settings.s3_endpoint,
        region=settings.s3_region,
        access_key=settings.s3_access_key,
        secret_key=settings.s3_secret_key,
        sse=settings.s3_sse,
        prefix=settings.s3_prefix,
        public_endpoint=settings.s3_public_endpoint,
    )

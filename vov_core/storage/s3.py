"""Objects in a bucket: AWS, or any server that speaks S3."""

import re
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Any, Final

from vov_core.errors import ArchiveError, ObjectMissingError, StoreFullError, StoreUnavailableError
from vov_core.storage.base import KEY, ObjectStore, check_key, disposition

_MISSING: Final = {"NoSuchKey", "404"}
_FULL: Final = {"QuotaExceeded", "InsufficientStorage", "XMinioStorageFull", "507"}
_CONNECT_SECONDS: Final = 3
_READ_SECONDS: Final = 15
_ATTEMPTS: Final = 3


@contextmanager
def told() -> Iterator[None]:
    """Tells boto3's errors as ours. Their messages may hold URLs and keys, so they end here."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        raise _translate(error.response) from None
    except BotoCoreError as error:
        raise StoreUnavailableError(reason=type(error).__name__) from None


def _translate(response: Mapping[str, Any]) -> ArchiveError:
    code = str(response.get("Error", {}).get("Code", ""))
    status = str(response.get("ResponseMetadata", {}).get("HTTPStatusCode", ""))
    if code in _MISSING:
        return ObjectMissingError()
    if code in _FULL or status in _FULL:
        return StoreFullError()
    # The server wrote the code: only what looks like one is passed on.
    return StoreUnavailableError(reason=code if re.fullmatch(r"\w{1,64}", code) else status)


def make_client(
    *,
    endpoint: str | None,
    region: str,
    access_key: str | None,
    secret_key: str | None,
    connections: int = 10,
) -> Any:
    """A client that gives up soon and asks for no extension that only AWS has.

    Args:
        endpoint: URL of the server; None for AWS.
        region: Region name.
        access_key: None leaves both keys to boto3's usual places.
        secret_key: Likewise.
        connections: Kept open at most.
    """
    import boto3
    from botocore.config import Config

    with told():
        return boto3.client(
            "s3",
            endpoint_url=endpoint,
            region_name=region,
            aws_access_key_id=access_key,
            aws_secret_access_key=secret_key,
            config=Config(
                signature_version="s3v4",
                connect_timeout=_CONNECT_SECONDS,
                read_timeout=_READ_SECONDS,
                max_pool_connections=connections,
                retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
                s3={"addressing_style": "path" if endpoint else "auto"},
                # Checksums in trailers are AWS's own; the archive checks SHA-256 itself.
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            ),
        )


class S3Store(ObjectStore):
    """Objects in one bucket, which must exist.

    Args:
        bucket: Its name.
        endpoint: URL of the server; None for AWS. With an endpoint the bucket's name goes into the
            path, because few servers have a host name per bucket.
        region: Region name.
        access_key: None leaves both keys to boto3's usual places.
        secret_key: Likewise.
        sse: Encryption at rest that each put asks for: None, ``AES256`` or ``aws:kms``.
        prefix: Put before every key.
        public_endpoint: URL of the same server as people's browsers reach it, for links; None for
            AWS, and for a server that nobody outside reaches, which then has no links.
    """

    def __init__(
        self,
        *,
        bucket: str,
        endpoint: str | None = None,
        region: str = "us-east-1",
        access_key: str | None = None,
        secret_key: str | None = None,
        sse: str | None = None,
        prefix: str = "",
        public_endpoint: str | None = None,
    ) -> None:
        self._bucket = bucket
        self._prefix = prefix
        self._put_options = {"ServerSideEncryption": sse} if sse else {}
        self._client = make_client(
            endpoint=endpoint, region=region, access_key=access_key, secret_key=secret_key
        )
        self._public = None if endpoint else self._client
        if public_endpoint:
            # The host name is part of what is signed.
            self._public = make_client(
                endpoint=public_endpoint,
                region=region,
                access_key=access_key,
                secret_key=secret_key,
            )

    def _name(self, key: str) -> str:
        return self._prefix + check_key(key)

    def put(self, key: str, data: bytes, content_type: str) -> None:
        """Writes an object; see the base class."""
        with told():
            self._client.put_object(
                Bucket=self._bucket,
                Key=self._name(key),
                Body=data,
                ContentType=content_type,
                **self._put_options,
            )

    def get(self, key: str) -> bytes:
        """The object's bytes; see the base class."""
        with told():
            answer = self._client.get_object(Bucket=self._bucket, Key=self._name(key))
            with closing(answer["Body"]) as body:
                data: bytes = body.read()
            return data

    def delete(self, key: str) -> None:
        """Removes an object; see the base class."""
        with told():
            self._client.delete_object(Bucket=self._bucket, Key=self._name(key))

    def keys(self, prefix: str = "") -> Iterator[str]:
        """All keys that begin with a prefix; see the base class."""
        with told():
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=self._prefix + prefix
            )
            for page in pages:
                for entry in page.get("Contents", ()):
                    key = entry["Key"][len(self._prefix) :]
                    if KEY.fullmatch(key):
                        yield key

    def link(self, key: str, seconds: int, file_name: str) -> str | None:
        """A presigned URL: whoever has it can download this one object until it expires."""
        if self._public is None:
            return None
        with told():
            url: str = self._public.generate_presigned_url(
                "get_object",
                Params={
                    "Bucket": self._bucket,
                    "Key": self._name(key),
                    "ResponseContentDisposition": disposition(file_name),
                    "ResponseCacheControl": "no-store",
                },
                ExpiresIn=seconds,
            )
            return url

    def check(self) -> None:
        """Lists one key of the bucket; see the base class."""
        with told():
            self._client.list_objects_v2(Bucket=self._bucket, Prefix=self._prefix, MaxKeys=1)

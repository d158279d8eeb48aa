"""A batch from and to a real S3 server."""

import json
import subprocess
import sys
from pathlib import Path
from secrets import token_hex
from typing import Any

import pytest
from PIL import Image

from tests.batch.test_ray import needs_ray
from tests.services.servers import S3Server
from vov_core.batch import Manifest, S3Place
from vov_core.batch.places import OWN
from vov_core.cli import main
from vov_core.finder import Finder
from vov_core.storage.s3 import make_client

pytestmark = pytest.mark.services

SAMPLES = Path(__file__).parents[2] / "samples"


@pytest.fixture
def client(s3: S3Server, finder: Finder, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr("vov_core.batch.cli.open_models", lambda _: finder)
    monkeypatch.setenv("VOV_S3_ENDPOINT", s3.endpoint)
    monkeypatch.setenv("VOV_S3_ACCESS_KEY", s3.ACCESS_KEY)
    monkeypatch.setenv("VOV_S3_SECRET_KEY", s3.SECRET_KEY)
    return make_client(
        endpoint=s3.endpoint,
        region="us-east-1",
        access_key=s3.ACCESS_KEY,
        secret_key=s3.SECRET_KEY,
    )


@pytest.fixture
def prefix(client: Any, s3: S3Server, tmp_path: Path) -> str:
    """Three photos, one of them broken, and a folder's mark."""
    base = f"batch-{token_hex(4)}"
    hand = (SAMPLES / "hand_00119.jpg").read_bytes()
    Image.new("RGB", (64, 48), "white").save(tmp_path / "empty.png")
    files = {
        "휴가/a b#1?.jpg": hand,
        "empty.png": (tmp_path / "empty.png").read_bytes(),
        "broken.jpg": hand[:3000],
        "folder/": b"",
    }
    for name, data in files.items():
        client.put_object(Bucket=s3.BUCKET, Key=f"{base}/in/{name}", Body=data)
    return base


def objects(client: Any, s3: S3Server, prefix: str) -> dict[str, str]:
    found = client.list_objects_v2(Bucket=s3.BUCKET, Prefix=prefix).get("Contents", [])
    return {entry["Key"][len(prefix) :]: entry["ETag"] for entry in found}


def test_from_prefix_to_prefix(client: Any, s3: S3Server, prefix: str) -> None:
    source, target = (f"s3://{s3.BUCKET}/{prefix}/{name}" for name in ("in", "out"))
    assert main(["batch", source, target]) == 1
    first = objects(client, s3, f"{prefix}/out/")
    outputs = {"휴가/a b#1__protected.jpg", "empty_protected.png"}
    own = {f"{OWN}/manifest.jsonl"}
    assert set(first) == outputs | own | {"vov-report.csv", "vov-report.json"}
    body = client.get_object(Bucket=s3.BUCKET, Key=f"{prefix}/out/vov-report.json")["Body"]
    facts = json.load(body)
    assert {p["name"]: p["error"] for p in facts["photos"] if p["error"]} == {
        "broken.jpg": "photo_broken"
    }
    client.delete_object(Bucket=s3.BUCKET, Key=f"{prefix}/in/broken.jpg")
    client.delete_object(Bucket=s3.BUCKET, Key=f"{prefix}/out/empty_protected.png")
    assert main(["batch", source, target]) == 0
    second = objects(client, s3, f"{prefix}/out/")
    assert {name: second[name] for name in outputs} == {name: first[name] for name in outputs}
    place = S3Place(client, s3.BUCKET, f"{prefix}/out")
    assert Manifest(place).entries["empty.png"].output == "empty_protected.png"
    head = client.head_object(Bucket=s3.BUCKET, Key=f"{prefix}/out/휴가/a b#1__protected.jpg")
    assert head["ContentType"] == "image/jpeg"


@needs_ray
@pytest.mark.timeout(600)
def test_two_ray_workers_from_prefix_to_prefix(client: Any, s3: S3Server, prefix: str) -> None:
    source, target = (f"s3://{s3.BUCKET}/{prefix}/{name}" for name in ("in", "out"))
    options = ["--engine", "ray", "--workers", "2", "--worker-cores", "1", "--jobs", "1"]
    command = [sys.executable, "-m", "vov_core", "batch", source, target, *options]
    statuses, seen = [], []
    for _ in range(2):
        run = subprocess.run(command, cwd=SAMPLES.parent, timeout=280, check=False)
        statuses.append(run.returncode)
        seen.append(objects(client, s3, f"{prefix}/out/"))
    assert statuses == [1, 1]  # one photo is broken, in the second run as well
    outputs = {"휴가/a b#1__protected.jpg", "empty_protected.png"}
    assert outputs < set(seen[0])
    assert {name: seen[1][name] for name in outputs} == {name: seen[0][name] for name in outputs}
    entries = Manifest(S3Place(client, s3.BUCKET, f"{prefix}/out")).entries
    assert {name for name, entry in entries.items() if entry.error} == {"broken.jpg"}


def test_parts_of_a_manifest_survive_a_kill(client: Any, s3: S3Server, prefix: str) -> None:
    place = S3Place(client, s3.BUCKET, f"{prefix}/out")
    place.append("manifest.jsonl", b'\n{"name": "a", "size": 1, "stamp": "x"}\n')
    place.append("manifest.jsonl", b'\n{"name": "a", "size": 2, "stamp": "y"}\n')
    manifest = Manifest(place)
    assert manifest.entries["a"].size == 2
    manifest.close()
    assert set(objects(client, s3, f"{prefix}/out/")) == {f"{OWN}/manifest.jsonl"}
    assert Manifest(place).entries == manifest.entries


@pytest.mark.usefixtures("client")
def test_a_wrong_bucket_is_told_without_a_secret(
    s3: S3Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for address in ("s3://none-such/photos", "s3:///photos"):
        assert main(["batch", address, str(tmp_path)]) == 1
        told = capsys.readouterr().err
        assert address.rstrip("/") in told and s3.SECRET_KEY not in told

"""A real OpenID Connect provider for the tests: discovery, code flow with PKCE, RS256 ID tokens.

It checks what a strict one checks (client, secret, redirect address, one use per code, the code
verifier), and signs with an RSA key of its own.
"""

import base64
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from html import escape
from typing import Any
from urllib.parse import urlencode

import uvicorn
from joserfc import jwt
from joserfc.jwk import RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from tests.services.servers import free_ports

CLIENT, SECRET = "vov-test-client", "a-secret-of-the-test-client"
PEOPLE: dict[str, dict[str, Any]] = {
    "minji": {"name": "Minji Kim", "email": "minji@example.org", "email_verified": True},
    "unverified": {"name": "Un Verified", "email": "quiet@example.org"},
    "forged": {"name": "Forged", "email": "minji@example.org", "email_verified": True},
}


class Provider:
    """Serves until it is closed."""

    def __init__(self) -> None:
        (self.port,) = free_ports(1)
        self.url = f"http://127.0.0.1:{self.port}"
        self.problems: list[str] = []
        self.exchanged: list[dict[str, str]] = []
        self._key = RSAKey.generate_key(2048, {"kid": "one", "use": "sig", "alg": "RS256"})
        self._wrong_key = RSAKey.generate_key(2048, {"kid": "one", "use": "sig", "alg": "RS256"})
        self._codes: dict[str, dict[str, str]] = {}
        self._server = uvicorn.Server(
            uvicorn.Config(self.app(), port=self.port, log_level="warning", lifespan="off")
        )
        self._thread = threading.Thread(target=self._server.run, daemon=True)

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self.discovery),
                Route("/jwks", self.keys),
                Route("/authorize", self.authorize),
                Route("/approve", self.approve),
                Route("/token", self.token, methods=["POST"]),
            ]
        )

    def start(self) -> None:
        self._thread.start()
        deadline = time.monotonic() + 30
        while not self._server.started:
            assert time.monotonic() < deadline and self._thread.is_alive()
            time.sleep(0.02)

    def close(self) -> None:
        self._server.should_exit = True
        self._thread.join(20)

    async def discovery(self, _: Request) -> Response:
        return JSONResponse(
            {
                "issuer": self.url,
                "authorization_endpoint": f"{self.url}/authorize",
                "token_endpoint": f"{self.url}/token",
                "jwks_uri": f"{self.url}/jwks",
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "code_challenge_methods_supported": ["S256"],
                "token_endpoint_auth_methods_supported": ["client_secret_basic"],
            }
        )

    async def keys(self, _: Request) -> Response:
        return JSONResponse({"keys": [self._key.as_dict(private=False)]})

    async def authorize(self, request: Request) -> Response:
        """The provider's own page: who are you?"""
        asked = dict(request.query_params)
        needed = {"client_id", "redirect_uri", "state", "nonce", "code_challenge", "scope"}
        if missing := needed - asked.keys():
            self.problems.append(f"authorize without {sorted(missing)}")
        if asked.get("client_id") != CLIENT or asked.get("code_challenge_method") != "S256":
            self.problems.append("authorize by another client or without PKCE")
        links = "".join(
            f'<p><a href="/approve?{escape(urlencode({**asked, "who": who}))}">{who}</a></p>'
            for who in PEOPLE
        )
        return HTMLResponse(f"<title>provider</title><h1>Who are you?</h1>{links}")

    async def approve(self, request: Request) -> Response:
        asked = dict(request.query_params)
        code = secrets.token_urlsafe(24)
        self._codes[code] = asked
        query = urlencode({"code": code, "state": asked["state"]})
        return RedirectResponse(f"{asked['redirect_uri']}?{query}", 302)

    async def token(self, request: Request) -> Response:
        form = {name: str(value) for name, value in (await request.form()).items()}
        self.exchanged.append(form)
        asked = self._codes.pop(form.get("code", ""), None)
        basic = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        digest = sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        if (
            asked is None
            or request.headers.get("authorization") != f"Basic {basic}"
            or form.get("redirect_uri") != asked["redirect_uri"]
            or challenge != asked.get("code_challenge")
        ):
            self.problems.append("a token was asked for wrongly")
            return JSONResponse({"error": "invalid_grant"}, 400)
        who = asked["who"]
        now = int(time.time())
        claims = {
            "iss": self.url,
            "sub": f"subject-of-{who}",
            "aud": CLIENT,
            "iat": now,
            "exp": now + 600,
            "nonce": asked["nonce"],
            **PEOPLE[who],
        }
        key = self._wrong_key if who == "forged" else self._key
        id_token = jwt.encode({"alg": "RS256", "kid": "one"}, claims, key)
        answer = {"access_token": "unused", "token_type": "Bearer", "expires_in": 600}
        return JSONResponse({**answer, "id_token": id_token})

    def secrets_toml(self, *names: str) -> str:
        """What an operator would write, for a server whose port is not known yet."""
        sections = "".join(
            f'[auth.{name}]\nclient_id = "{CLIENT}"\nclient_secret = "{SECRET}"\n'
            f'server_metadata_url = "{self.url}/.well-known/openid-configuration"\n'
            for name in names
        )
        return (
            '[auth]\nredirect_uri = "http://127.0.0.1:{port}/oauth2callback"\n'
            f'cookie_secret = "{secrets.token_hex(32)}"\n{sections}'
        )


@contextmanager
def provider() -> Iterator[Provider]:
    """A running one."""
    made = Provider()
    made.start()
    try:
        yield made
    finally:
        made.close()

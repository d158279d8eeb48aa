"""People with an account: signing up, logging in, changing and deleting it."""

from vov_core.people.accounts import Details, Member
from vov_core.people.letters import Letters, account_link, post_by
from vov_core.people.rules import AccountKind, FieldOfWork, check_password, clean_email, clean_name
from vov_core.people.service import People, Place, SignedIn
from vov_core.people.sign_ins import Browser, browser_name
from vov_core.people.social import PROVIDERS, Visitor, visitor
from vov_core.people.tokens import is_token

__all__ = [
    "PROVIDERS",
    "AccountKind",
    "Browser",
    "Details",
    "FieldOfWork",
    "Letters",
    "Member",
    "People",
    "Place",
    "SignedIn",
    "Visitor",
    "account_link",
    "browser_name",
    "check_password",
    "clean_email",
    "clean_name",
    "is_token",
    "post_by",
    "visitor",
]

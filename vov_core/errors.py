"""Every error that a person may meet.

An error carries a *code* and the facts; the sentence is made from the text catalogue
(``errors.<code>``) in the reader's language, so no wording lives here.
"""

from typing import ClassVar


class VovError(Exception):
    """Base of all errors that are told to a person.

    Args:
        **details: Facts for the sentence in the catalogue (limits, sizes, formats). Never content
            of a photo and never a secret: details are shown and logged.
    """

    code: ClassVar[str] = "unexpected"

    def __init__(self, **details: str | int | float) -> None:
        super().__init__(self.code, details)
        self.details = details

    def __str__(self) -> str:
        facts = ", ".join(f"{name}={value}" for name, value in self.details.items())
        return f"{self.code} ({facts})" if facts else self.code


class PhotoError(VovError):
    """The uploaded bytes can't be used as a photo."""

    code = "photo_unusable"


class EmptyFileError(PhotoError):
    """Zero bytes."""

    code = "file_empty"


class NotAPhotoError(PhotoError):
    """The bytes are no picture of a known format, whatever the file's name says."""

    code = "not_a_photo"


class VideoElsewhereError(NotAPhotoError):
    """A video where a photo was expected; there is a page for videos."""

    code = "video_elsewhere"


class BrokenPhotoError(PhotoError):
    """A picture of a known format that can't be decoded to its end (truncated or damaged)."""

    code = "photo_broken"


class FileTooLargeError(PhotoError):
    """More bytes than the limit. Details: ``size_mb``, ``limit_mb``."""

    code = "file_too_large"


class TooManyPixelsError(PhotoError):
    """More pixels than the limit. Details: ``megapixels``, ``limit_megapixels``."""

    code = "too_many_pixels"


class TooSmallError(PhotoError):
    """A picture too small to show a finger. Details: ``width``, ``height``, ``limit``."""

    code = "photo_too_small"


class SessionFullError(PhotoError):
    """This session's photos together exceed the memory it may use. Details: ``limit_mb``."""

    code = "session_full"


class LabError(VovError):
    """The tuning lab can't use what it was given."""

    code = "lab_unusable"


class ZipUnusableError(LabError):
    """No zip, or a damaged or encrypted one."""

    code = "zip_unusable"


class SetTooLargeError(LabError):
    """More photos or bytes than the lab takes. Details: ``photos``, ``mb``."""

    code = "set_too_large"


class SetEmptyError(LabError):
    """No picture in the set."""

    code = "set_empty"


class LabelsUnreadableError(LabError):
    """A file of labels can't be understood. Details: ``file``."""

    code = "labels_unreadable"


class PresetsUnreadableError(LabError):
    """A file of presets can't be understood."""

    code = "presets_unreadable"


class VideoError(VovError):
    """The uploaded bytes can't be used as a video."""

    code = "video_unusable"


class NotAVideoError(VideoError):
    """The bytes are no video of a known format, whatever the file's name says."""

    code = "not_a_video"


class BrokenVideoError(VideoError):
    """A video of a known format that can't be decoded to its end (truncated or damaged)."""

    code = "video_broken"


class NoPictureError(VideoError):
    """A file with sound only, or without a single frame."""

    code = "video_no_picture"


class VideoTooLongError(VideoError):
    """Longer than the limit. Details: ``seconds``, ``limit_seconds``."""

    code = "video_too_long"


class TooManyPhotosError(PhotoError):
    """This session holds as many photos as it may. Details: ``limit``."""

    code = "too_many_photos"


class BusyError(VovError):
    """So many photos wait already that no more may."""

    code = "busy"


class NotCleanError(VovError):
    """The written file failed its own check, so it is not handed out. Details: ``reason``."""

    code = "output_not_clean"


class ModelError(VovError):
    """A model can't be used."""

    code = "model_unusable"


class ModelMissingError(ModelError):
    """A model file is not there. Details: ``file``."""

    code = "model_missing"


class ModelAlteredError(ModelError):
    """A model file's SHA-256 is not the manifest's. Details: ``file``."""

    code = "model_altered"


class VersionUnusableError(ModelError):
    """A candidate among the weights can't be read or run. Details: ``name``."""

    code = "version_unusable"


class VersionAlteredError(ModelError):
    """A candidate's SHA-256 is not its manifest's. Details: ``name``."""

    code = "version_altered"


class ArchiveError(VovError):
    """A saved photo can't be written, read or deleted."""

    code = "archive_failed"


class StoreUnavailableError(ArchiveError):
    """The object store does not answer or refuses."""

    code = "store_unavailable"


class StoreFullError(ArchiveError):
    """The object store has no room left."""

    code = "store_full"


class ObjectMissingError(ArchiveError):
    """The object store has no object under this key."""

    code = "object_missing"


class DatabaseUnavailableError(ArchiveError):
    """The database does not answer or refuses."""

    code = "database_unavailable"


class PhotoNotFoundError(ArchiveError):
    """No such saved photo, or it belongs to somebody else (one answer for both, on purpose)."""

    code = "saved_photo_not_found"


class MailError(VovError):
    """A letter can't be sent."""

    code = "mail_failed"


class MailOffError(MailError):
    """The operator has set no mail server."""

    code = "mail_off"


class AddressError(MailError):
    """No e-mail address that a letter can be sent to."""

    code = "mail_address_invalid"


class MailTooLargeError(MailError):
    """The photos are too large for one letter. Details: ``size_mb``, ``limit_mb``."""

    code = "mail_too_large"


class MailLimitError(MailError):
    """Too many letters in one hour. Details: ``limit``."""

    code = "mail_limit"


class MailNotFoundError(MailError):
    """No such letter, or it is somebody else's (one answer for both, on purpose)."""

    code = "mail_not_found"


class ConsentMissingError(ArchiveError):
    """Somebody who did not agree to what saving means, or withdrew, can't save."""

    code = "consent_missing"


class SettingsError(VovError):
    """A setting has a value that can't be used. Details: ``name``, ``reason``."""

    code = "setting_invalid"


class PersonError(VovError):
    """Something about an account can't be done."""

    code = "person_failed"


class LogInFailedError(PersonError):
    """No such id, or not its password, or it is disabled (one answer for all, on purpose)."""

    code = "log_in_failed"


class LogInNeededError(PersonError):
    """Only for people who are signed in."""

    code = "log_in_needed"


class LogInAgainError(PersonError):
    """Only for people who logged in a short while ago."""

    code = "log_in_again"


class WrongPasswordError(PersonError):
    """Not the password of this account."""

    code = "wrong_password"


class TooManyTriesError(PersonError):
    """Tried too often lately. Details: ``minutes`` to wait."""

    code = "too_many_tries"


class IdTakenError(PersonError):
    """Somebody else has this id, or nobody may have it."""

    code = "id_taken"


class IdNotUsableError(PersonError):
    """An id of other characters or another length than allowed."""

    code = "id_not_usable"


class NameNotUsableError(PersonError):
    """An empty name, too long, or with hidden characters. Details: ``limit``."""

    code = "name_not_usable"


class FieldOfWorkMissingError(PersonError):
    """Somebody has not chosen one."""

    code = "field_of_work_missing"


class PasswordNotUsableError(PersonError):
    """A password that is guessed too easily."""

    code = "password_not_usable"


class PasswordTooShortError(PasswordNotUsableError):
    """Too few characters. Details: ``limit``."""

    code = "password_too_short"


class PasswordTooLongError(PasswordNotUsableError):
    """Too many characters. Details: ``limit``."""

    code = "password_too_long"


class PasswordCommonError(PasswordNotUsableError):
    """One of those that everybody tries first."""

    code = "password_common"


class PasswordHasIdError(PasswordNotUsableError):
    """Made from the id."""

    code = "password_has_id"


class LinkNotValidError(PersonError):
    """A one-time link that was used, is too old or never was one."""

    code = "link_not_valid"


class MailNotSetUpError(PersonError):
    """Needs mail, and the operator has set up none."""

    code = "mail_not_set_up"


class NotAllowedError(PersonError):
    """Only for admins, or not for oneself."""

    code = "not_allowed"


class BatchError(VovError):
    """A batch can't begin or go on."""

    code = "batch_failed"


class BatchPlaceError(BatchError):
    """A folder or bucket of a batch can't be used. Details: ``place``, ``reason``."""

    code = "batch_place"


class BatchBusyError(BatchError):
    """Another batch writes to the same folder right now. Details: ``place``."""

    code = "batch_busy"


class MailServerError(VovError):
    """The mail server can't be used. Details: ``reason`` (see ``DeliveryError``)."""

    code = "mail_server"


class RayMissingError(BatchError):
    """Ray was asked for and is not installed."""

    code = "ray_missing"


class RayError(BatchError):
    """Ray does not start or gave up. Details: ``reason``."""

    code = "ray_failed"

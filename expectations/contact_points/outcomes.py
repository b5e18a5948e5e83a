"""What becomes of a contact point, what was found about it, and which findings somebody has to look into."""

from __future__ import annotations

from enum import StrEnum

from expectations.contact_points.values import ValueClass


class PointOutcome(StrEnum):
    """What becomes of a point: exactly one of these, for every point that came in."""

    KEPT = "kept"  # as it came
    CORRECTED = "corrected"  # its value is written anew
    MERGED = "merged"  # another point of the party has the same value, and stands for both
    RETIRED = "retired"  # it reaches somebody else; it is not deleted
    RETIRED_BEFORE = "retired_before"  # by the core system
    UNUSABLE = "unusable"  # nobody can be reached by what it holds


class Finding(StrEnum):
    """What was found about a point, in the order in which it is told; a point may have several, or none."""

    NOT_A_NUMBER = "not_a_number"
    NOT_AN_EMAIL = "not_an_email"
    NOT_AN_ADDRESS = "not_an_address"
    SEVERAL_VALUES = "several_values"
    WITH_TEXT = "with_text"
    UNKNOWN_REGION = "unknown_region"
    EMERGENCY = "emergency"
    SHORT_CODE = "short_code"
    PREMIUM = "premium"
    SERVICE = "service"
    POSSIBLE = "possible"
    EXTENSION = "extension"
    DEMO = "demo"
    DUPLICATE = "duplicate"
    WRONG_PARTY = "wrong_party"
    LAST_POINT = "last_point"
    MARKED_WRONG = "marked_wrong"
    SHARED = "shared"
    NEVER_VERIFIED = "never_verified"
    STALE = "stale"


# Findings that are what the class of the value says; they are told of points that stay in use or should.
BY_CLASS = {Finding(each.value): each for each in ValueClass if each is not ValueClass.VALID}

# Findings that need nobody: the cleaning itself has done what there was to do.
SETTLED = (Finding.EXTENSION, Finding.DEMO, Finding.DUPLICATE, Finding.WRONG_PARTY)
LISTED = tuple(finding for finding in Finding if finding not in SETTLED)


class Correction(StrEnum):
    """Why the core systems are asked to change a column of a point."""

    NORMALISED = "normalised"  # column `value`
    DUPLICATE = "duplicate"  # column `contact_point_id`: the point that stands for this one
    WRONG_PARTY = "wrong_party"  # column `state`: retired

"""Incidents at partners, and of what passes between them and the house."""

from __future__ import annotations

from bench.gates.kinds import ALL, ONE_ROW, TWENTY, WHOLE, Kind, Rows, Unit, among, changed, times
from bench.gates.second.forms import A_NIGHT, CLAIMED, ONE_OF_THEM, ROW_TO_ALL, ROW_TO_FIFTH, THREE

KINDS = (
    Kind(
        "partners.placements.recalls_undone",
        "the partner's own file overwrote ours: what was recalled is with the partner again",
        (
            Rows(
                "placements",
                changed(recalled_on="CAST(NULL AS DATE)", recall_reason="CAST(NULL AS VARCHAR)"),
                of="recalled_on IS NOT NULL",
            ),
        ),
        ONE_ROW,
        "the account is worked by two, and a fee is due to one who lost it",
        ROW_TO_ALL,
        nights=A_NIGHT,
    ),
    Kind(
        "partners.placements.batch_backdated",
        "a batch was handed over a month before, says the file: so the payments of that month earn a fee",
        (
            Rows(
                "placements",
                changed(
                    placed_on="CAST(placed_on - INTERVAL 1 MONTH AS DATE)",
                    term_ends_on="CAST(term_ends_on - INTERVAL 1 MONTH AS DATE)",
                ),
                of=among("placement_batch", "placements"),
            ),
        ),
        ONE_OF_THEM,
        "yesterday the same batch had another day",
        (ONE_OF_THEM, THREE),
        Unit.GROUPS,
        A_NIGHT,
    ),
    Kind(
        "partners.placements.terms_renewed_by_themselves",
        "the term is 180 days longer than agreed",
        (Rows("placements", changed(term_ends_on="term_ends_on + 180"), of="recalled_on IS NULL"),),
        TWENTY,
        "one may have been prolonged; not a fifth, in one night, without a letter",
        ROW_TO_ALL,
        nights=A_NIGHT,
    ),
    Kind(
        "partners.placements.two_partners_at_once",
        "a second hand-over was entered, and the recall from the first forgotten",
        (
            Rows(
                "placements",
                """SELECT * EXCLUDE (hit) FROM extract
                    UNION ALL BY NAME SELECT e.* EXCLUDE (hit) REPLACE (
                        e.placement_id || '-X' AS placement_id, r.partner_id AS partner_id,
                        e.placement_number + 1 AS placement_number, $day AS placed_on,
                        $day + 180 AS term_ends_on, 'X-' || r.partner_id AS placement_batch)
                    FROM extract AS e JOIN partners AS p USING (partner_id)
                    JOIN (SELECT jurisdiction, min(partner_id) AS partner_id FROM partners GROUP BY ALL) AS r
                        ON r.jurisdiction = p.jurisdiction
                    WHERE hit AND r.partner_id <> e.partner_id""",
                of="""recalled_on IS NULL AND partner_id NOT IN (
                    SELECT min(partner_id) FROM partners GROUP BY jurisdiction)""",
            ),
        ),
        ONE_ROW,
        "both placements are exclusive",
        ROW_TO_FIFTH,
        nights=A_NIGHT,
    ),
    Kind(
        "partners.partners.ended_with_accounts",
        "the end of another contract was entered: a partner who has hundreds of accounts is none since last month",
        (
            Rows(
                "partners",
                changed(active_to="$day - 30"),
                of="partner_id IN (SELECT partner_id FROM placements WHERE recalled_on IS NULL)",
            ),
        ),
        ONE_ROW,
        "the accounts are still there, and were called from there today",
        (ONE_ROW, ALL),
        nights=A_NIGHT,
    ),
    Kind(
        "partners.contacts.under_nobodys_name",
        "the partner's log was loaded without the partner",
        (Rows("contacts", changed(partner_id="CAST(NULL AS VARCHAR)"), of="partner_id IS NOT NULL"),),
        TWENTY,
        "calls that no person and no partner made; a single one is a robot's",
        ROW_TO_ALL,
        nights=A_NIGHT,
    ),
    Kind(
        "partners.partner_claims.in_thousands",
        "a partner claims in thousands of đồng",
        (Rows("partner_claims", changed(**times("0.001", "amount")), of="currency = 'VND'"),),
        ALL,
        "a thousandth of every booking; one line may be a partial payment",
        (ONE_ROW, ALL),
        nights=CLAIMED,
    ),
    Kind(
        "partners.partner_claims.month_of_the_file",
        "the month of the claim file instead of the month claimed for",
        (Rows("partner_claims", changed(month="CAST(date_trunc('month', claimed_on) AS DATE)")),),
        ALL,
        "last month is claimed by nobody, and this month's before it has happened",
        WHOLE,
        Unit.ONCE,
        CLAIMED,
    ),
)

"""The fold: lines in, canonical text out, one line at a time.

In: the parsed SITES.toml, log lines of one partition in their order. Out: the canonical text.
Always: sessions that are due end, boundary by boundary, before a line of a later minute is folded.
"""

from typing import Any

from reference.beacon import Beacon, Order
from reference.bots import Marks, is_suspicious
from reference.documents import Documents
from reference.exact import is_blank, parse
from reference.impression import Impression
from reference.normalise import normalise
from reference.session import MINUTE, Session


def fold(
    sites: dict[str, Any],
    lines: list[bytes],
    close: bool = False,
    *,
    orders: bool = True,
    behaviour: bool = True,
    clusters: bool = True,
) -> bytes:
    """Fold `lines` (without their newline) and return the canonical text.

    `close` passes boundaries until every session has ended. The flags leave parts out, for
    engines that are not complete: without `orders` nothing is claimed, so that there are no
    conversions, orders, revenue and `duplicate.order` (an order still makes its impression
    count); without `behaviour` no mark is made; without `clusters` no cluster document is printed.
    """
    state = Fold(sites, claims_orders=orders, marks_bots=behaviour)
    for line in lines:
        state.fold_line(line)
    if close:
        state.close()
    return state.documents().text(clusters)


class Fold:
    """The state of one partition."""

    def __init__(self, sites: dict[str, Any], *, claims_orders: bool, marks_bots: bool) -> None:
        self.sites = {site["key"]: site for site in sites.get("site", [])}
        self.claims_orders = claims_orders
        self.marks_bots = marks_bots
        self.greatest_at = 0
        self.open: dict[tuple[str, str], Session] = {}
        self.ended: list[Session] = []
        self.claims: dict[tuple[str, bytes], tuple[str, int, str]] = {}
        self.marks = Marks()
        self.issues: dict[tuple[str, int, str], int] = {}

    @property
    def minute(self) -> int:
        """The partition's current minute."""
        return self.greatest_at // MINUTE

    def fold_line(self, raw: bytes) -> None:
        """Fold one line, whatever it is."""
        if is_blank(raw):
            return
        line = normalise(parse(raw), self.sites)
        if line.at is not None and line.at > self.greatest_at:
            self.greatest_at = line.at
            self.pass_boundaries(self.minute)
        at = self.minute * MINUTE if line.at is None else max(line.at, self.minute * MINUTE)
        if line.beacon is not None:
            line.issues |= self.fold_beacon(line.site, line.beacon, at)
        for issue in line.issues:
            self.count_issue(line.site, at // MINUTE, issue, 1)

    def count_issue(self, site: str, minute: int, issue: str, lines: int) -> None:
        """Count lines with an issue."""
        key = (site, minute, issue)
        self.issues[key] = self.issues.get(key, 0) + lines

    def fold_beacon(self, site: str, beacon: Beacon, at: int) -> set[str]:
        """Fold a beacon into its impression and session; return the issues that this found."""
        session = self.open.get((site, beacon.session))
        if session is None:
            session = Session(self.sites[site], beacon.session, at)
            self.open[(site, beacon.session)] = session
        impression = session.impressions.get(beacon.impression)
        if impression is None:
            impression = Impression(beacon.impression, at)
            session.impressions[beacon.impression] = impression
        if beacon.seq in impression.seen:
            return {"duplicate.beacon"}
        session.touch(at)
        impression.merge(beacon, at)
        if beacon.order is not None and self.claims_orders:
            return self.claim(session, impression, beacon.order)
        return set()

    def claim(self, session: Session, impression: Impression, order: Order) -> set[str]:
        """Give the order to the first impression that asks for it."""
        asking = (session.id, session.first // MINUTE, impression.id)
        owner = self.claims.setdefault((session.site["key"], order.hash), asking)
        if owner != asking:
            return {"duplicate.order"}
        impression.orders[order.hash] = max(impression.orders.get(order.hash, 0), order.value)
        return set()

    def pass_boundaries(self, minute: int) -> None:
        """Pass every boundary up to `minute`, in order."""
        while True:
            due = [session.due for session in self.open.values() if session.due <= minute]
            if not due:
                return
            self.pass_boundary(min(due))

    def pass_boundary(self, boundary: int) -> None:
        """End every session due at `boundary`, then judge the user agents of those."""
        judged = set()
        for key, session in list(self.open.items()):
            if session.due > boundary:
                continue
            del self.open[key]
            self.end(session)
            pair = self.note_evidence(session, boundary)
            if pair is not None:
                judged.add(pair)
        for pair in judged:
            self.marks.judge(pair, boundary)

    def end(self, session: Session) -> None:
        """Put an ended session aside; what never counted in it is an orphan."""
        self.ended.append(session)
        for impression in session.impressions.values():
            if not impression.counts:
                site = session.site["key"]
                self.count_issue(site, impression.minute, "orphan", impression.beacons)

    def note_evidence(self, session: Session, boundary: int) -> tuple[str, str] | None:
        """Note a session as evidence for or against its user agent, which is returned."""
        counted = session.counted
        agent = counted[0].value("agent") if counted else None
        if agent is None or not self.marks_bots:
            return None
        navigation_only = all(impression.types == {"navigation"} for impression in counted)
        suspicious = is_suspicious(len(counted), session.seconds, navigation_only)
        pair = (session.site["key"], agent)
        self.marks.note(pair, boundary, suspicious)
        return pair

    def close(self) -> None:
        """Pass boundaries until all sessions have ended."""
        while self.open:
            self.pass_boundary(min(session.due for session in self.open.values()))

    def documents(self) -> Documents:
        """The documents of everything folded so far; open sessions as they stand."""
        documents = Documents(self.marks)
        for session in [*self.ended, *self.open.values()]:
            documents.add_impressions(session)
            documents.add_session(session)
        for session in self.ended:
            documents.add_clusters(session)
        for (site, minute, issue), lines in self.issues.items():
            documents.add_issue(site, minute, issue, lines)
        return documents

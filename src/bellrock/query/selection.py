"""The one place where a selection of rows comes to be: no rows without a right to their site.

Everything that reads the store goes through `select`; a test keeps it the only caller of
`Selection`.
"""

from collections.abc import Mapping

from bellrock.errors import Forbidden
from bellrock.query.interval import Span
from bellrock.query.invalid import unknown
from bellrock.schema.access import Access
from bellrock.schema.site import Site
from bellrock.store.contract import Condition, Selection


def select(access: Access, site: str, span: Span, where: tuple[Condition, ...] = ()) -> Selection:
    """The rows of a site in a span that meet every condition; raises Forbidden."""
    demand(access, site)
    return Selection(site, span.start, span.end, where)


def visible_site(access: Access, key: str, sites: Mapping[str, Site]) -> Site:
    """The declaration of a site; Forbidden if it is not the caller's, InvalidRequest if it is none.

    A caller with rights to some sites only learns nothing about which others exist.
    """
    demand(access, key)
    if key not in sites:
        raise unknown("site", "site", key, access.visible(sites))
    return sites[key]


def demand(access: Access, site: str) -> None:
    """Raise Forbidden unless the caller may see the site."""
    if not access.allows(site):
        raise Forbidden(
            f"{access.name} may not see the site {site!r}. Ask an administrator for access to it,"
            " or use a token of that site."
        )

"""The families of scenarios and where they are used: dev, test or both (with other seeds), more (held until
2026-11-29), held (never looked at to fit)."""
import collections

from families import (airline, archive, assistant, bank, bashfix, browser, claims_desk, committee, crew, data, deepreport,
                      extract, gaia, groupchat, guarded, hotel, household, incident, magentic, mathchat, newsroom,
                      notebook, planexec, rag, research, retail, secretary, sql, supervisor, surfer, swe, telecom,
                      terminal, travel, webshop)

Family = collections.namedtuple("Family", "name play splits failed passed")
DEV, TEST, BOTH, MORE, HELD = ("dev",), ("test",), ("dev", "test"), ("more",), ("held",)
FAMILIES = [
    Family("research", research.research, BOTH, 16, 6),
    Family("retail", retail.retail, BOTH, 14, 6),
    Family("swe", swe.swe, DEV, 10, 4),
    Family("supervisor", supervisor.supervisor, DEV, 9, 3),
    Family("groupchat", groupchat.groupchat, DEV, 9, 3),
    Family("bank", bank.bank, DEV, 9, 4),
    Family("incident", incident.incident, DEV, 9, 3),
    Family("rag", rag.rag, DEV, 8, 3),
    Family("extract", extract.extract, DEV, 8, 3),
    Family("terminal", terminal.terminal, DEV, 8, 3),
    Family("airline", airline.airline, TEST, 9, 4),
    Family("telecom", telecom.telecom, TEST, 9, 4),
    Family("data", data.data, TEST, 9, 3),
    Family("gaia", gaia.gaia, TEST, 12, 4),
    Family("magentic", magentic.magentic, TEST, 10, 4),
    Family("crew", crew.crew, TEST, 8, 3),
    Family("travel", travel.travel, TEST, 9, 3),
    Family("sql", sql.sql, TEST, 8, 3),
    Family("browser", browser.browser, TEST, 9, 4),
    Family("assistant", assistant.assistant, TEST, 8, 3),
    Family("deepreport", deepreport.deepreport, BOTH, 12, 4),
    Family("mathchat", mathchat.mathchat, MORE, 11, 9),
    Family("newsroom", newsroom.newsroom, MORE, 11, 9),
    Family("webshop", webshop.webshop, MORE, 11, 9),
    Family("household", household.household, MORE, 11, 9),
    Family("hotel", hotel.hotel, MORE, 11, 9),
    Family("claims_desk", claims_desk.claims_desk, MORE, 11, 9),
    Family("bashfix", bashfix.bashfix, MORE, 11, 9),
    Family("guarded", guarded.guarded, MORE, 11, 9),
    Family("planexec", planexec.planexec, MORE, 11, 9),
    Family("archive", archive.archive, MORE, 11, 9),
    Family("secretary", secretary.secretary, MORE, 11, 9),
    Family("notebook", notebook.notebook, MORE, 11, 9),
    Family("committee", committee.committee, MORE, 11, 9),
    Family("surfer", surfer.surfer, MORE, 11, 9),
]

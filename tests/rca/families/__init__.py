"""The families of scenarios and where they are used: dev, test or both (with other seeds)."""
import collections

from families import (airline, assistant, bank, browser, crew, data, deepreport, extract, gaia, groupchat,
                      incident, magentic, rag, research, retail, sql, supervisor, swe, telecom, terminal, travel)

Family = collections.namedtuple("Family", "name play splits failed passed")
DEV, TEST, BOTH = ("dev",), ("test",), ("dev", "test")
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
]

"""The families of scenarios and where they are used: dev, test or both (with other seeds)."""
import collections

from families import airline, research, retail, supervisor, swe, telecom

Family = collections.namedtuple("Family", "name play splits failed passed")
DEV, TEST, BOTH = ("dev",), ("test",), ("dev", "test")
FAMILIES = [
    Family("research", research.research, BOTH, 16, 6),
    Family("swe", swe.swe, DEV, 9, 3),
    Family("retail", retail.retail, BOTH, 14, 6),
    Family("airline", airline.airline, TEST, 9, 4),
    Family("supervisor", supervisor.supervisor, DEV, 9, 3),
    Family("telecom", telecom.telecom, TEST, 9, 4),
]

#include "query/cli/outcome.h"

enum clew_tone clew_outcome_tone(enum clew_outcome outcome)
{
        switch (outcome) {
        case CLEW_OUTCOME_FAILED:
        case CLEW_OUTCOME_ERROR:
                return CLEW_TONE_BAD;
        case CLEW_OUTCOME_PASSED:
                return CLEW_TONE_GOOD;
        case CLEW_OUTCOME_OPEN:
        case CLEW_OUTCOME_PAUSED:
        case CLEW_OUTCOME_CANCELLED:
                return CLEW_TONE_WARN;
        case CLEW_OUTCOME_UNKNOWN:
        case CLEW_OUTCOME_OK:
        case CLEW_OUTCOME_COUNT:
                break;
        }
        return CLEW_TONE_PLAIN;
}

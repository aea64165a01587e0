#include "query/rca/tool-names.h"

#include "query/rca/text-int.h"

bool clew_rca_hands_over(struct clew_slice name)
{
        return clew_text_find(name, "human") >= 0 || clew_text_find(name, "escalat") >= 0 ||
               clew_text_find(name, "give_up") >= 0 ||
               clew_text_find(name, "transfer_to_agent") >= 0;
}

bool clew_rca_runs_programs(struct clew_slice name)
{
        static const char *const words[] = {"exec",     "run",       "python",    "code",
                                            "terminal", "shell",     "bash",      "command",
                                            "script",   "interpret", "its action"};

        for (size_t i = 0; i < CLEW_ARRAY_LEN(words); i++) {
                if (clew_text_find(name, words[i]) >= 0)
                        return true;
        }
        return name.len == 0;
}

bool clew_rca_proves_identity(struct clew_slice name)
{
        static const char *const words[] = {"auth",      "verif",         "identi",
                                            "login",     "log_in",        "sign_in",
                                            "find_user", "find_customer", "lookup_user"};

        for (size_t i = 0; i < CLEW_ARRAY_LEN(words); i++) {
                if (clew_text_find(name, words[i]) >= 0)
                        return true;
        }
        return false;
}

#include "query/rca/tool-names.h"

#include "query/rca/text-int.h"

#define NAME_WORD_MAX 30u

/* One of @words, in lower case, is in @name. Most are excluded by a letter that it has not. */
static bool has_any_of(struct clew_slice name, const char *const *words, size_t n)
{
        uint64_t letters = letters_of(name);

        for (size_t i = 0; i < n; i++) {
                if (has_letters(letters, words[i]) && clew_text_find(name, words[i]) >= 0)
                        return true;
        }
        return false;
}

bool clew_rca_hands_over(struct clew_slice name)
{
        static const char *const words[] = {"human", "escalat", "give_up", "transfer_to_agent"};

        return has_any_of(name, words, CLEW_ARRAY_LEN(words));
}

bool clew_rca_runs_programs(struct clew_slice name)
{
        static const char *const words[] = {"exec",     "run",       "python",    "code",
                                            "terminal", "shell",     "bash",      "command",
                                            "script",   "interpret", "its action"};

        return name.len == 0 || has_any_of(name, words, CLEW_ARRAY_LEN(words));
}

bool clew_rca_proves_identity(struct clew_slice name)
{
        static const char *const words[] = {"auth",      "verif",         "identi",
                                            "login",     "log_in",        "sign_in",
                                            "find_user", "find_customer", "lookup_user"};

        return has_any_of(name, words, CLEW_ARRAY_LEN(words));
}

/* The next word of @name from *at on, in lower case; 0 at its end. "finalAnswer" has two. */
static size_t next_word(struct clew_slice name, size_t *at, char ret[NAME_WORD_MAX + 1])
{
        size_t n = 0;

        while (*at < name.len && !is_alpha(name.data[*at]))
                (*at)++;
        while (*at < name.len && is_alpha(name.data[*at]) && n < NAME_WORD_MAX) {
                uint8_t c = name.data[*at];

                if (n > 0 && lower(c) != c && lower(name.data[*at - 1]) == name.data[*at - 1])
                        break;
                ret[n++] = (char)lower(c);
                (*at)++;
        }
        ret[n] = 0;
        return n;
}

static bool is_one_of(const char *word, const char *const *words, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                if (strcmp(word, words[i]) == 0)
                        return true;
        }
        return false;
}

bool clew_rca_gives_answer(struct clew_slice name)
{
        static const char *const ends[] = {"answer",   "answers",  "final",     "finalize",
                                           "finish",   "finished", "done",      "terminate",
                                           "response", "respond",  "completion"};
        static const char *const others[] = {
                "submit", "give",    "send",   "return",  "provide", "report", "the",  "my",
                "result", "results", "output", "attempt", "task",    "to",     "user", "with"};
        char word[NAME_WORD_MAX + 1];
        bool ret = false;

        for (size_t at = 0; next_word(name, &at, word) > 0;) {
                if (is_one_of(word, ends, CLEW_ARRAY_LEN(ends)))
                        ret = true;
                else if (!is_one_of(word, others, CLEW_ARRAY_LEN(others)))
                        return false;
        }
        return ret;
}

bool clew_rca_takes_notes(struct clew_slice name)
{
        static const char *const ends[] = {"note", "notes",   "remark",  "remarks",   "comment",
                                           "memo", "thought", "journal", "scratchpad"};
        char word[NAME_WORD_MAX + 1];
        bool last = false;

        if (clew_text_begins(name, "log_"))
                return true;
        for (size_t at = 0; next_word(name, &at, word) > 0;)
                last = is_one_of(word, ends, CLEW_ARRAY_LEN(ends));
        return last;
}

bool clew_rca_names_tool(struct clew_slice sentence, struct clew_slice name)
{
        static const char *const verbs[] = {"get",   "find",  "search", "list",  "read", "look",
                                            "fetch", "check", "load",   "query", "run"};
        uint32_t n = 0;

        for (size_t i = 0; i < name.len;) {
                char word[NAME_WORD_MAX + 1];
                size_t len = 0;
                bool verb = false;

                while (i < name.len && is_alpha(name.data[i]) && len < NAME_WORD_MAX)
                        word[len++] = (char)lower(name.data[i++]);
                if (len == 0) {
                        i++;
                        continue;
                }
                word[len - (len > 4 && word[len - 1] == 's')] = 0;
                for (size_t k = 0; k < CLEW_ARRAY_LEN(verbs); k++)
                        verb |= strcmp(word, verbs[k]) == 0;
                if (!verb && clew_text_find(sentence, word) < 0)
                        return false;
                n += !verb;
        }
        return n > 0;
}

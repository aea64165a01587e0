/*
 * clew completion: scripts for shells, and what they ask the program (complete.h).
 */
#include "query/cli/commands.h"
#include "query/cli/complete.h"
#include "query/cli/options.h"
#include "query/cli/served.h"

#include <string.h>

/* Words are taken from the line itself: bash divides them at ':' and '=' too, and puts a reply in
 * place of the last division only. */
static const char bash_script[] =
        "# clew completion bash > ~/.local/share/bash-completion/completions/clew\n"
        "_clew() {\n"
        "        local name text cut IFS=$' \\t\\n'\n"
        "        local -a typed=(\"${COMP_WORDS[@]:0:COMP_CWORD+1}\")\n"
        "        if [[ -n $COMP_LINE ]]; then\n"
        "                read -ra typed <<< \"${COMP_LINE:0:COMP_POINT}\"\n"
        "                [[ ${COMP_LINE:COMP_POINT-1:1} == ' ' ]] && typed+=('')\n"
        "        fi\n"
        "        local word=${typed[-1]}\n"
        "        cut=${word%\"${word##*[:=]}\"}\n"
        "        COMPREPLY=()\n"
        "        while IFS=$'\\t' read -r name text; do\n"
        "                if [[ $name == :files ]]; then\n"
        "                        mapfile -t COMPREPLY < <(compgen -f -- \"$word\")\n"
        "                        compopt -o filenames 2>/dev/null\n"
        "                        return\n"
        "                fi\n"
        "                [[ $name == \"$word\"* ]] || continue\n"
        "                printf -v name %q \"${name#\"$cut\"}\"\n"
        "                COMPREPLY+=(\"$name\")\n"
        "        done < <(\"${typed[0]}\" completion words \"${typed[@]:1}\" 2>/dev/null)\n"
        "}\n"
        "complete -o nosort -F _clew clew\n";

static const char zsh_script[] =
        "#compdef clew\n"
        "# clew completion zsh > a directory of $fpath/_clew\n"
        "_clew() {\n"
        "        local name text\n"
        "        local -a rows\n"
        "        while IFS=$'\\t' read -r name text; do\n"
        "                [[ $name == :files ]] && { _files; return }\n"
        "                rows+=(\"${name//:/\\\\:}:$text\")\n"
        "        done < <(\"${words[1]}\" completion words \"${(@)words[2,CURRENT]}\" "
        "2>/dev/null)\n"
        "        _describe -V clew rows\n"
        "}\n"
        "if [[ $funcstack[1] == _clew ]]; then _clew \"$@\"; else compdef _clew clew; fi\n";

static const char fish_script[] =
        "# clew completion fish > ~/.config/fish/completions/clew.fish\n"
        "function __clew_words\n"
        "        set -l typed (commandline -opc)\n"
        "        set -l now (commandline -ct)\n"
        "        $typed[1] completion words $typed[2..-1] \"$now\" 2>/dev/null\n"
        "end\n"
        "complete -c clew -f -a '(__clew_words | string match -v :files)'\n"
        "complete -c clew -n 'contains :files (__clew_words)' -F\n";

int clew_cmd_completion(struct clew_cli *cli, int argc, char **argv)
{
        struct clew_arguments args;
        int r;

        /* What a shell hands on are words, flags too. They name stores and servers, so nobody
         * elsewhere is believed: who asks beside a server gets names alone. */
        if (argc > 1 && strcmp(argv[1], "words") == 0 && !clew_served())
                return clew_complete(cli, argc - 2, argv + 2);
        if ((argc == 3 || argc == 4) && strcmp(argv[1], "names") == 0)
                return clew_complete_names(cli, argv[2], argc == 4 ? argv[3] : "");
        r = clew_options_parse(cli, argc, argv, NULL, NULL, &args);
        if (r != 0)
                return r;
        if (args.n == 1 && strcmp(args.values[0], "bash") == 0) {
                fputs(bash_script, cli->out);
        } else if (args.n == 1 && strcmp(args.values[0], "zsh") == 0) {
                fputs(zsh_script, cli->out);
        } else if (args.n == 1 && strcmp(args.values[0], "fish") == 0) {
                fputs(fish_script, cli->out);
        } else if (args.n == 1 && strcmp(args.values[0], "commands") == 0) {
                for (const struct clew_command *c = clew_commands(); c->name; c++)
                        fprintf(cli->out, "%s\n", c->name);
        } else {
                clew_cli_error(cli, "completion takes the name of a shell: bash, zsh or fish");
                return CLEW_EXIT_USAGE;
        }
        return CLEW_EXIT_OK;
}

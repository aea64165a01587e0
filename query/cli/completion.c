/*
 * clew completion: scripts for shells.
 *
 * They ask the program itself, so they never lag behind it: commands and flags come from the help
 * texts, ids from the newest traces of the store that is in use. Errors are swallowed; a completion
 * that prints is worse than none.
 */
#include "query/cli/commands.h"
#include "query/cli/options.h"

#include <string.h>

static const char bash_script[] =
        "# clew completion bash > ~/.local/share/bash-completion/completions/clew\n"
        "_clew() {\n"
        "        local word=${COMP_WORDS[COMP_CWORD]} command= store=() i=1\n"
        "        while ((i < COMP_CWORD)); do\n"
        "                case ${COMP_WORDS[i]} in\n"
        "                --store) store=(--store \"${COMP_WORDS[i + 1]}\"); ((i++)) ;;\n"
        "                -*) ;;\n"
        "                *) command=${COMP_WORDS[i]}; break ;;\n"
        "                esac\n"
        "                ((i++))\n"
        "        done\n"
        "        if [[ -z $command ]]; then\n"
        "                COMPREPLY=($(compgen -W \"--store $(clew completion commands "
        "2>/dev/null)\" -- \"$word\"))\n"
        "        elif [[ $word == -* ]]; then\n"
        "                COMPREPLY=($(compgen -W \"$(clew \"$command\" --help 2>/dev/null |\n"
        "                        grep -o -e '--[a-z-]*' | sort -u)\" -- \"$word\"))\n"
        "        elif [[ $command == import ]]; then\n"
        "                COMPREPLY=($(compgen -f -- \"$word\"))\n"
        "        else\n"
        "                COMPREPLY=($(compgen -W \"$(clew \"${store[@]}\" list --since all -q -n "
        "50 "
        "\\\n"
        "                        2>/dev/null | cut -c1-8)\" -- \"$word\"))\n"
        "        fi\n"
        "}\n"
        "complete -F _clew clew\n";

static const char zsh_script[] = "# clew completion zsh > a file that ~/.zshrc sources\n"
                                 "autoload -Uz bashcompinit && bashcompinit\n"
                                 "source <(clew completion bash)\n";

static const char fish_script[] =
        "# clew completion fish > ~/.config/fish/completions/clew.fish\n"
        "complete -c clew -f\n"
        "complete -c clew -n __fish_use_subcommand -a '(clew completion commands 2>/dev/null)'\n"
        "complete -c clew -n 'not __fish_use_subcommand; and string match -q -- \"-*\" "
        "(commandline -ct)' \\\n"
        "        -a '(clew (commandline -opc)[2] --help 2>/dev/null | string match -r -- "
        "\"--[a-z-]+\")'\n"
        "complete -c clew -n 'not __fish_use_subcommand' \\\n"
        "        -a '(clew list --since all -q -n 50 2>/dev/null | string sub -l 8)'\n"
        "complete -c clew -n '__fish_seen_subcommand_from import' -F\n";

int clew_cmd_completion(struct clew_cli *cli, int argc, char **argv)
{
        struct clew_arguments args;
        int r = clew_options_parse(cli, argc, argv, NULL, NULL, &args);

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

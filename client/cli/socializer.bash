# Completion of the socializer command for bash.

_socializer()
{
        local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} verb='' i
        local verbs="call list describe login logout pool queries user room send follow coach skills levels sessions export backup restore"
        local options="--rpc --events --data --token --timeout --json --compact --help --version"
        COMPREPLY=()

        case $previous in
        --data)
                mapfile -t COMPREPLY < <(compgen -d -- "$word")
                return
                ;;
        --rpc | --events)
                mapfile -t COMPREPLY < <(compgen -W "ipc:// tcp://" -- "$word")
                return
                ;;
        --token | --timeout | --email | --after | --invite | --direct | --reply-to | --thread | --language | --dispute) return ;;
        --room)
                mapfile -t COMPREPLY < <(compgen -W "general" -- "$word")
                return
                ;;
        esac

        # The verb is the first word that is neither an option nor an option's value.
        for ((i = 1; i < COMP_CWORD; i++)); do
                case ${COMP_WORDS[i]} in
                --rpc | --events | --data | --token | --timeout | --email | --after | --invite | \
                        --direct | --room | --reply-to | --thread | --language | --dispute) ((i++)) ;;
                -*) ;;
                *)
                        verb=${COMP_WORDS[i]}
                        break
                        ;;
                esac
        done

        case $verb in
        list) options="$options --names" ;;
        queries) options="$options --plans" ;;
        user) options="$options --admin --email --yes" ;;
        room) options="$options --public --password --coach --invite --direct --yes --ban --room" ;;
        send) options="$options --reply-to" ;;
        follow) options="$options --after" ;;
        coach) options="$options --thread --language" ;;
        levels) options="$options --dispute" ;;
        esac
        if [[ $word == -* ]]; then
                mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word")
                return
        fi
        case $verb in
        '') mapfile -t COMPREPLY < <(compgen -W "$verbs" -- "$word") ;;
        call | describe)
                # By the method's own name too: "GetM" becomes "GetMe".
                if ((i + 1 == COMP_CWORD)); then
                        local names
                        names=$("${COMP_WORDS[0]}" list --names 2>/dev/null)
                        mapfile -t COMPREPLY < <(compgen -W "$names" -- "$word")
                        if ((${#COMPREPLY[@]} == 0)); then
                                # shellcheck disable=SC2001 # each line of many
                                mapfile -t COMPREPLY < <(compgen -W "$(sed 's,.*/,,' <<<"$names")" -- "$word")
                        fi
                fi
                ;;
        user)
                if ((i + 1 == COMP_CWORD)); then
                        mapfile -t COMPREPLY < <(compgen -W "list show add password activate deactivate role delete" -- "$word")
                elif [[ ${COMP_WORDS[i + 1]} == role ]] && ((i + 3 == COMP_CWORD)); then
                        mapfile -t COMPREPLY < <(compgen -W "user admin" -- "$word")
                fi
                ;;
        room)
                if ((i + 1 == COMP_CWORD)); then
                        mapfile -t COMPREPLY < <(compgen -W "list create show set delete join leave members invite
                                invites accept decline role mute remove unban consent search read" -- "$word")
                        return
                fi
                case ${COMP_WORDS[i + 1]} in
                set)
                        if ((i + 2 < COMP_CWORD)); then
                                compopt -o nospace 2>/dev/null
                                mapfile -t COMPREPLY < <(compgen -W "name= description= is_public= password
                                        coach_enabled= coach= coach_hears= max_members= retention_seconds=" -- "$word")
                        fi
                        ;;
                consent)
                        if ((i + 3 == COMP_CWORD)); then
                                mapfile -t COMPREPLY < <(compgen -W "yes no" -- "$word")
                        fi
                        ;;
                role)
                        if ((i + 4 == COMP_CWORD)); then
                                mapfile -t COMPREPLY < <(compgen -W "member moderator creator" -- "$word")
                        fi
                        ;;
                members)
                        if ((i + 3 == COMP_CWORD)); then
                                mapfile -t COMPREPLY < <(compgen -W "active left banned" -- "$word")
                        fi
                        ;;
                esac
                if ((i + 2 == COMP_CWORD)) && [[ ${COMP_WORDS[i + 1]} =~ ^(show|set|members|mute|remove|unban|consent|read)$ ]]; then
                        mapfile -t COMPREPLY < <(compgen -W "general" -- "$word")
                fi
                ;;
        coach)
                if ((i + 1 == COMP_CWORD)); then
                        mapfile -t COMPREPLY < <(compgen -W "rehearse clarify settings ledger" -- "$word")
                elif [[ ${COMP_WORDS[i + 1]} == settings ]]; then
                        compopt -o nospace 2>/dev/null
                        mapfile -t COMPREPLY < <(compgen -W "provider= endpoint= model= language= remote_evaluation= api_key" -- "$word")
                fi
                ;;
        send | follow)
                if ((i + 1 == COMP_CWORD)); then
                        mapfile -t COMPREPLY < <(compgen -W "general" -- "$word")
                fi
                ;;
        esac
}
complete -F _socializer socializer

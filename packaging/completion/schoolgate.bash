# bash completion for schoolgate(8). It asks the program itself, so it never knows less or more than that does.

_schoolgate_help() { command schoolgate "$@" --help 2>/dev/null </dev/null; }

_schoolgate() {
  local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} command=${COMP_WORDS[1]} words=
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    words=$(_schoolgate_help | sed -n 's/^  \([a-z-]*\) .*/\1/p')
    mapfile -t COMPREPLY < <(compgen -W "$words --help --version" -- "$current")
    return
  fi
  case $before in
    --config | --proposed)
      compopt -o filenames 2>/dev/null
      mapfile -t COMPREPLY < <(compgen -d -- "$current")
      return
      ;;
    --output | --key | --image | --answers | --batch | --passphrase-file)
      compopt -o filenames 2>/dev/null
      mapfile -t COMPREPLY < <(compgen -f -- "$current")
      return
      ;;
  esac
  if [[ $current == -* ]]; then
    words=$(_schoolgate_help "$command" | grep -o -e '--[a-z][a-z-]*' | sort -u)
    mapfile -t COMPREPLY < <(compgen -W "$words --help" -- "$current")
  elif ((COMP_CWORD == 2)); then
    words=$(_schoolgate_help "$command" | sed -n "/^\$/q; s/^schoolgate $command \([a-z][a-z-]*\)\( .*\)\{0,1\}\$/\1/p" | sort -u)
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
  fi
}
complete -F _schoolgate schoolgate

/** What `rollcall completion` prints: each asks the program itself, so that it never goes stale. */

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

const bash = `# rollcall completion for bash: eval "$(rollcall completion bash)"
_rollcall() {
  local line="\${COMP_LINE:0:COMP_POINT}" words found current
  read -ra words <<< "$line"
  [[ "$line" == *[[:space:]] ]] && words+=("")
  current="\${words[\${#words[@]}-1]}"
  local IFS=$'\\n'
  found=($(rollcall __complete -- "\${words[@]:1}" 2>/dev/null))
  found=("\${found[@]%%$'\\t'*}")
  # bash takes a colon for the end of a word
  [[ "$current" == *:* ]] && found=("\${found[@]#"\${current%:*}:"}")
  COMPREPLY=("\${found[@]}")
  [[ \${#COMPREPLY[@]} -eq 1 && "\${COMPREPLY[0]}" == *: ]] && compopt -o nospace
}
complete -o default -F _rollcall rollcall
`;

const zsh = `#compdef rollcall
# rollcall completion for zsh: eval "$(rollcall completion zsh)", or save it as _rollcall in a folder of $fpath
_rollcall() {
  local -a lines values shown
  local line
  lines=("\${(@f)$(rollcall __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  for line in $lines; do
    [[ -z "$line" ]] && continue
    values+=("\${line%%$'\\t'*}")
    shown+=("\${line/$'\\t'/  -- }")
  done
  if (( \${#values} )); then compadd -l -d shown -a values; else _files; fi
}
(( $+functions[compdef] )) && compdef _rollcall rollcall
`;

const fish = `# rollcall completion for fish: rollcall completion fish | source
function __rollcall_complete
  set -l words (commandline -opc) (commandline -ct)
  rollcall __complete -- $words[2..] 2>/dev/null
end
complete -c rollcall -f -a '(__rollcall_complete)'
complete -c rollcall -s p -l project -r -f -a '(__fish_complete_directories)'
`;

export const SCRIPTS: Readonly<Record<Shell, string>> = { bash, zsh, fish };

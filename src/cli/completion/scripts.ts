/** The scripts know nothing of verbs and flags: those come from the program that is installed. `:files` asks for file names. */

export const bashScript = `# bash completion for hbx
_hbx() {
  local cur words IFS=$'\\n'
  words=("\${COMP_WORDS[@]:1:COMP_CWORD}")
  cur=\${COMP_WORDS[COMP_CWORD]}
  local found=($("\${COMP_WORDS[0]}" __complete "\${words[@]}" 2>/dev/null | cut -f1))
  if [ "\${found[0]}" = ":files" ]; then
    compopt -o filenames 2>/dev/null
    COMPREPLY=($(compgen -f -- "$cur"))
    return
  fi
  # Colons split words in bash: what is before the last one is typed already.
  if [[ $cur == *:* && $COMP_WORDBREAKS == *:* ]]; then found=("\${found[@]#"\${cur%"\${cur##*:}"}"}"); fi
  COMPREPLY=("\${found[@]}")
  [ \${#found[@]} -eq 1 ] && [[ \${found[0]} == *= ]] && compopt -o nospace
}
complete -F _hbx hbx
`;

export const zshScript = `#compdef hbx
_hbx() {
  local -a found shown
  local line
  while IFS= read -r line; do
    [[ $line == ":files" ]] && { _files; return }
    found+=("\${line//:/\\\\:}")
  done < <("\${words[1]}" __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)
  shown=("\${found[@]/$'\\t'/:}")
  _describe 'hbx' shown
}
if [ "$funcstack[1]" = "_hbx" ]; then _hbx; else compdef _hbx hbx; fi
`;

export const fishScript = `# fish completion for hbx
function __hbx_complete
    set -l words (commandline -opc) (commandline -ct)
    set -l found ($words[1] __complete $words[2..-1] 2>/dev/null)
    if test "$found[1]" = ":files"
        __fish_complete_path (commandline -ct)
    else
        printf '%s\\n' $found
    end
end
complete -c hbx -f -a '(__hbx_complete)'
`;

import type { Invocation } from '../command-line/index.js';

type Shell = 'bash' | 'zsh' | 'fish' | 'powershell';

/** How each shell asks the program for what may stand here: `PROGRAM __complete WORDS…`. */
const SCRIPTS: Readonly<Record<Shell, (program: string) => string>> = {
  bash: (program) => `# bash completion of ${program}: source <(${program} completion bash)
_${program}_complete() {
  local line="\${COMP_LINE:0:COMP_POINT}" words=() candidates
  read -r -a words <<<"\${line}"
  [[ "\${line}" == *[[:space:]] ]] && words+=("")
  local word="\${words[-1]}" cut=""
  # The shell takes = and : for the ends of words.
  [[ "\${word}" == *[=:]* && "\${COMP_WORDBREAKS}" == *[=:]* ]] && cut="\${word%"\${word##*[=:]}"}"
  mapfile -t candidates < <("\${words[0]}" __complete "\${words[@]:1}" 2>/dev/null | cut -f1)
  COMPREPLY=("\${candidates[@]#"\${cut}"}")
}
complete -o default -F _${program}_complete ${program}
`,
  zsh: (program) => `#compdef ${program}
# zsh completion of ${program}: source <(${program} completion zsh)
_${program}() {
  local -a candidates
  local line
  while IFS= read -r line; do
    candidates+=("\${\${line%%$'\\t'*}//:/\\\\:}\${\${line#*$'\\t'}:+:\${line#*$'\\t'}}")
  done < <("\${words[1]}" __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)
  if (( \${#candidates} )); then _describe '${program}' candidates; else _files; fi
}
if [ "\${funcstack[1]}" = "_${program}" ]; then _${program} "$@"; else compdef _${program} ${program}; fi
`,
  fish: (program) => `# fish completion of ${program}: ${program} completion fish | source
function __${program}_complete
  set -l words (commandline -opc) (commandline -ct)
  $words[1] __complete $words[2..-1] 2>/dev/null
end
complete -c ${program} -f -a '(__${program}_complete)'
`,
  powershell: (program) => `# PowerShell completion of ${program}: ${program} completion powershell | Out-String | Invoke-Expression
Register-ArgumentCompleter -Native -CommandName '${program}' -ScriptBlock {
  param($wordToComplete, $commandAst, $cursorPosition)
  $words = @($commandAst.CommandElements | Select-Object -Skip 1 | ForEach-Object { "$_" })
  if ($wordToComplete -eq '') { $words += '""' }
  & '${program}' __complete @words 2>$null | ForEach-Object {
    $candidate, $description = $_ -split "\`t", 2
    if (-not $description) { $description = $candidate }
    [System.Management.Automation.CompletionResult]::new($candidate, $candidate, 'ParameterValue', $description)
  }
}
`,
};

/** `completion SHELL`: prints the script that the shell reads. */
export function printCompletion(shell: Shell, { terminal, program }: Invocation): Promise<void> {
  terminal.out(SCRIPTS[shell](program));
  return Promise.resolve();
}

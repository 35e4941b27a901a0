/** Text of `--help`, by command; the empty name is the program's own. */
export const help: Readonly<Record<string, string>> = {
  '': `vitest-energy: what every Vitest test and benchmark costs in joules

Usage: vitest-energy COMMAND [options]

  setup         allow this user to read the power meter without a password
  doctor        would a run here measure, and how finely? each check with its mend
  disable       take the permission back
  record        journal the meter's readings, alone or while a command runs
  report FILE   print the figures of a kept journal

  --help        this text, or that of a command
  --version     the version

Exit code: 0 fine, 1 a check failed, 2 wrong usage.
`,
  setup: `Usage: vitest-energy setup [--print] [--yes] [--user NAME] [--interval MS]

Writes one sudoers file that allows exactly the commands vitest-energy uses to read
powermetrics, checks it with visudo, moves it into place and proves that it works.
Shows the file and asks first; sudo may ask for your password.

  --print         print the file and the steps to install it by hand; change nothing
  --yes, -y       do not ask (needed where there is no terminal)
  --user NAME     allow another user, such as the one of a CI runner
  --interval MS   allow one more interval, besides 50, 100, 250, 500 and 1000 ms
`,
  disable: `Usage: vitest-energy disable [--yes] [--user NAME] [--all]

Removes the sudoers file that setup wrote, and shows that it is gone.

  --yes, -y     do not ask (needed where there is no terminal)
  --user NAME   take only this user out of it
  --all         also files powermetrics-* that were written by hand and allow nothing else
`,
  doctor: `Usage: vitest-energy doctor [--json] [--interval MS] [--evidence FILE] [--yes]

Checks the system, the permission and the meter, and measures what sampling itself costs. Exit
code 0 only when a run would measure.

  --json            the checks as JSON, with nothing private in it
  --interval MS     the interval that your runs ask for (default 100)
  --evidence FILE   write a pack for a bug report: raw records at four intervals, idle and busy,
                    20 pulses of load, and the meter's own summary. Takes about two minutes.
                    It uses arguments that the rules refuse, so sudo asks for your password.
  --yes, -y         with --evidence: do not ask
`,
  record: `Usage: vitest-energy record [-o FILE] [--raw] [--interval MS] [-- COMMAND...]

Journals the meter's readings until Ctrl-C, or while a command runs; then says the energy.
The exit code is that of the command. Without one, after two seconds or more on an idle machine,
it also says what sampling itself costs.

  --output FILE, -o FILE   the journal (default: vitest-energy-DATE.jsonl)
  --raw                    keep the meter's own bytes beside it, in FILE.plist
  --interval MS            asked length of a sample (default 100)
`,
  report: `Usage: vitest-energy report FILE [--json]

Recomputes a kept journal (of \`report: { journal: true }\`, or of \`record\`). The same file gives
the same figures on any system.

  --json        the report as JSON
`,
}

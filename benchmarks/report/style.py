"""What this page needs besides the common style; of the same colours, so that dark mode and paper follow."""

STYLE = """
body { max-width: 76rem; }
.figures { width: 100%; border-collapse: collapse; }
.figures th, .figures td { min-width: 0; padding: .45rem .9rem .45rem 0; }
.figures tbody th { font-weight: 400; min-width: 17rem; }
.figures .group th { font-weight: 600; padding-top: 1.4rem; border-bottom: 2px solid var(--line); width: auto; }
.figures .group small { font-weight: 400; color: var(--soft); margin-left: .6rem; }
.figures .number { white-space: nowrap; font-weight: 600; }
.figures .wanted { white-space: nowrap; color: var(--soft); }
.figures .apart { color: var(--soft); font-size: .88rem; width: 14rem; }
.figures .why { color: var(--soft); font-size: .88rem; font-weight: 400; overflow-wrap: anywhere; }
.figures .group .why { display: block; max-width: 60rem; }
.drawn { width: 10rem; height: auto; display: block; }
svg .track { fill: var(--panel); stroke: var(--line); stroke-width: .5; }
svg .value.met { fill: var(--good); } svg .value.missed { fill: var(--bad); } svg .value.beside { fill: var(--blue); }
svg line.bar { stroke: var(--ink); stroke-width: 2; }
svg line.none { stroke: var(--soft); stroke-width: 1.5; stroke-dasharray: 3 2; }
svg .spread { stroke: var(--orange); stroke-width: 2; fill: none; }
.older, .figures .group .older { color: var(--orange); font-weight: 600; }
.runs { font-size: .92rem; }
.runs td { white-space: nowrap; }
.runs .words { white-space: normal; min-width: 10rem; }
.key { display: flex; flex-wrap: wrap; gap: .3rem 1.4rem; list-style: none; padding: 0; color: var(--soft);
  font-size: .9rem; }
.key svg { display: inline-block; width: 1.4rem; height: .9rem; margin-right: .4rem; vertical-align: -.1rem; }
@media (max-width: 44rem) {
  .figures thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  .figures tbody, .figures tr, .figures td, .figures tbody th { display: block; width: 100%; }
  .figures tr { border-bottom: 1px solid var(--line); padding: .55rem 0; }
  .figures tr.group { border-bottom: 0; padding: .2rem 0 0; }
  .figures tbody th, .figures td { border: 0; padding: .1rem 0; }
  .figures td.number, .figures td.wanted, .figures td.said { display: inline-block; width: auto; margin-right: .8rem; }
  .figures td:empty { display: none; }
  .figures tbody th { min-width: 0; }
  .figures .apart { width: 100%; }
  .drawn { width: 100%; max-width: 24rem; }
}
@media print { svg .value, .figures tr { print-color-adjust: exact; break-inside: avoid; } }
"""

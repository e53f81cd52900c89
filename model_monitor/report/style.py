"""What this page needs besides the common style; of the same colours, so that dark mode and paper follow."""

STYLE = """
.verdict.unknown { border-color: var(--soft); background: var(--panel); }
.tiles { list-style: none; padding: 0; margin: 1.25rem 0; display: grid; gap: .75rem;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 10rem), 1fr)); }
.tiles li { background: var(--panel); border: 1px solid var(--line); border-radius: .35rem; padding: .7rem .9rem; }
.tiles strong { display: block; font-size: 1.5rem; line-height: 1.25; font-variant-numeric: tabular-nums; }
.tiles small { color: var(--soft); font-size: .85rem; }
.gaps { border-left: .25rem solid var(--orange); padding: .1rem 0 .1rem 1rem; margin: 1.25rem 0; }
.gaps ul { margin: .35rem 0; padding-left: 1.1rem; }
.gaps li { margin: .35rem 0; overflow-wrap: anywhere; }
.findings { list-style: none; padding: 0; margin: 1rem 0; display: grid; gap: .9rem; }
.findings li { border: 1px solid var(--line); border-left: .3rem solid var(--bad); border-radius: .35rem;
  padding: .8rem 1rem; }
.findings h3 { margin: 0; display: flex; flex-wrap: wrap; gap: .25rem 1rem; justify-content: space-between; }
.findings h3 span { font-weight: 400; color: var(--soft); font-size: .92rem; font-variant-numeric: tabular-nums; }
.findings p { margin: .35rem 0 0; overflow-wrap: anywhere; }
.findings .original { font-size: .85rem; }
.narrow { display: none; }
@media (max-width: 40rem) { .wide { display: none; } .narrow { display: block; } }
@media print { .wide { display: block; } .narrow { display: none; } .findings li, .tiles li { break-inside: avoid; } }
.full { max-width: none; }
.runs th, .runs td { white-space: nowrap; }
.runs { font-size: .92rem; }
.runs .words { white-space: normal; min-width: 9rem; overflow-wrap: anywhere; }
.full svg, .features svg { overflow: visible; }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: .2rem 1.25rem; padding: 0; margin: .25rem 0 .75rem;
  font-size: .9rem; }
.swatch { display: inline-block; width: .85rem; height: .85rem; margin-right: .4rem; vertical-align: -.08rem;
  border-radius: .15rem; print-color-adjust: exact; }
.blue-back { background: var(--blue); } .orange-back { background: var(--orange); }
.then-back { background: color-mix(in srgb, var(--soft) 40%, transparent); }
.soft-back { background: var(--soft); }
.features { display: grid; gap: 1.5rem 1.75rem;
  grid-template-columns: repeat(auto-fill, minmax(min(100%, 17rem), 1fr)); }
.features h3 { margin: 0; display: flex; flex-wrap: wrap; gap: 0 .75rem; justify-content: space-between;
  align-items: baseline; }
.features h3 span { font-size: .85rem; }
.features h3 .soft { font-weight: 400; }
.features figure { border-top: 2px solid var(--line); padding-top: .5rem; }
.features figure.drifted { border-top-color: var(--bad); }
.features figure > svg { margin-top: .35rem; max-width: 24rem; }
.placeholder { display: flex; align-items: center; justify-content: center; width: 6.5rem; height: 6.5rem;
  padding: .4rem; border: 1px dashed var(--soft); border-radius: .25rem; color: var(--soft); font-size: .72rem;
  line-height: 1.25; text-align: center; overflow: hidden; overflow-wrap: anywhere; }
svg .dots { fill: none; stroke-width: 4; stroke-linecap: round; }
svg .dots.few { opacity: .85; stroke-width: 7; }
svg .dots.some { opacity: .7; }
svg .dots.crowd { opacity: .5; stroke-width: 3.2; }
svg .crosses { fill: none; stroke-width: 1.7; }
svg path.blue { stroke: var(--blue); }
svg path.orange { stroke: var(--orange); }
svg path.soft-fill { stroke: var(--soft); }
svg .soft-fill { fill: var(--soft); }
svg path.soft-fill, svg path.blue, svg path.orange { fill: none; }
svg .bad-fill { fill: var(--bad); }
svg .then-fill { fill: var(--soft); opacity: .4; }
svg .then { stroke: var(--ink); stroke-width: 1.75; stroke-dasharray: 5 4; }
svg .doubt { fill: var(--bad); opacity: .07; }
svg .label { paint-order: stroke; stroke: var(--paper); stroke-width: 3px; stroke-linejoin: round; }
"""

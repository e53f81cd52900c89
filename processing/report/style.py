"""The page's one style sheet: system fonts, light and dark as the reader's system has it, and for paper."""

STYLE = """
:root {
  color-scheme: light dark;
  --paper: #ffffff; --ink: #1d2329; --soft: #5b6570; --line: #d5dae0; --panel: #f4f6f8;
  --blue: #0072b2; --orange: #c76a00; --good: #1a7f45; --bad: #b3261e; --good-panel: #e7f4ec; --bad-panel: #fbeae8;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14181c; --ink: #e6eaee; --soft: #9da8b3; --line: #39424b; --panel: #1e242a;
    --blue: #5fb2e6; --orange: #f0a347; --good: #63cf92; --bad: #ff8a80; --good-panel: #17301f; --bad-panel: #3a1c1a;
  }
}
@media print {
  :root {
    color-scheme: light;
    --paper: #ffffff; --ink: #000000; --soft: #444444; --line: #bbbbbb; --panel: #ffffff;
    --blue: #005a8c; --orange: #a85a00; --good: #146638; --bad: #9a1c15; --good-panel: #ffffff; --bad-panel: #ffffff;
  }
  body { font-size: 10pt; }
  nav { display: none; }
  figure, tr, li, .verdict { break-inside: avoid; }
  h2, h3 { break-after: avoid; }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body {
  margin: 0 auto; padding: 1.5rem clamp(1rem, 4vw, 2.5rem) 4rem; max-width: 64rem;
  background: var(--paper); color: var(--ink); line-height: 1.55;
  font-family: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
}
h1 { font-size: 1.75rem; line-height: 1.2; margin: 0 0 .25rem; }
h2 { font-size: 1.3rem; margin: 3rem 0 .75rem; padding-top: 1rem; border-top: 1px solid var(--line); }
h3 { font-size: 1.05rem; margin: 1.75rem 0 .5rem; }
p { margin: .5rem 0 1rem; max-width: 46rem; }
a { color: var(--blue); }
.soft, figcaption, caption { color: var(--soft); }
.good, .bad { white-space: nowrap; }
.good { color: var(--good); font-weight: 600; }
.bad { color: var(--bad); font-weight: 600; }
nav ul { list-style: none; padding: 0; margin: 1rem 0 0; display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; }
.verdict { border-left: .4rem solid; border-radius: .35rem; padding: 1rem 1.25rem; margin: 1.5rem 0; }
.verdict p { margin: .25rem 0 0; }
.verdict strong { font-size: 1.25rem; }
.verdict.passed { border-color: var(--good); background: var(--good-panel); }
.verdict.failed { border-color: var(--bad); background: var(--bad-panel); }
.verdict.passed strong { color: var(--good); }
.verdict.failed strong { color: var(--bad); }
.scroll { overflow-x: auto; margin: .75rem 0 1.25rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
caption { text-align: left; padding-bottom: .35rem; }
th, td { text-align: left; padding: .4rem .9rem .4rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
thead th { font-weight: 600; color: var(--soft); white-space: nowrap; }
tbody th { font-weight: 600; }
tbody th, td { min-width: 5rem; }
.words { display: block; min-width: 14rem; }
@media (max-width: 36rem) {
  table { font-size: .92rem; }
  th, td { padding-right: .7rem; }
  tbody th, td { min-width: 0; }
  .words { min-width: 24rem; }
}
table.matrix td {
  text-align: center; font-size: 1.4rem; min-width: 7rem; padding: .9rem; border: 1px solid var(--line);
}
table.matrix td.corner { border: 0; }
table.matrix small { display: block; font-size: .85rem; }
table.matrix th { padding: .5rem .75rem; white-space: nowrap; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 21rem), 1fr)); gap: 1rem 2rem; }
figure { margin: 0; }
.charts figure { max-width: 30rem; }
figure svg { width: 100%; height: auto; display: block; }
figcaption { font-size: .9rem; }
svg text { fill: var(--ink); font: 11px system-ui, -apple-system, "Segoe UI", Roboto, Arial, sans-serif; }
svg .soft { fill: var(--soft); }
svg .frame, svg .grid { stroke: var(--line); fill: none; }
svg .chance { stroke: var(--soft); stroke-dasharray: 4 4; fill: none; }
svg .curve { stroke: var(--blue); stroke-width: 2.25; fill: none; }
svg .area { fill: var(--blue); opacity: .1; }
svg .blue { fill: var(--blue); }
svg .orange { fill: var(--orange); }
svg .whisker { stroke: var(--blue); stroke-width: 1.5; }
svg .mark { stroke: var(--orange); stroke-width: 1.5; stroke-dasharray: 2 3; }
.pictures {
  list-style: none; padding: 0; margin: .75rem 0 1.5rem;
  display: grid; grid-template-columns: repeat(auto-fill, minmax(10rem, 1fr)); gap: 1.25rem 1rem;
}
.pictures img { width: 6.5rem; height: 6.5rem; object-fit: contain; image-rendering: pixelated; border-radius: .25rem; }
.pictures .pair { display: flex; gap: .35rem; }
.pictures .pair img { width: 4.4rem; height: 4.4rem; }
.pictures figcaption { line-height: 1.35; margin-top: .3rem; color: var(--ink); }
.file { color: var(--soft); font-size: .78rem; overflow-wrap: anywhere; }
dl { display: grid; grid-template-columns: minmax(8rem, max-content) 1fr; gap: .35rem 1.25rem; margin: .75rem 0; }
dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; }
@media (max-width: 36rem) { dl { grid-template-columns: 1fr; gap: 0; } dd { margin-bottom: .6rem; } }
pre {
  background: var(--panel); border: 1px solid var(--line); border-radius: .35rem; padding: .9rem 1rem;
  white-space: pre-wrap; overflow-wrap: anywhere; font-size: .85rem;
}
code, pre { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
"""

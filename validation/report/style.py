"""Style sheet of the report: light and dark, wide and narrow."""

__all__ = ["STYLE"]

STYLE = """
:root{color-scheme:light dark;
--paper:#fbfbf9;--card:#fff;--ink:#1b2430;--soft:#5b6775;--line:#e2e5e9;--faint:#c9d1da;
--reference:#34495e;--candidate:#d1495b;--warn:#d98e04;
--good:#1a7f4b;--good-bg:#e5f4ec;--mid:#9a6700;--mid-bg:#fdf3d8;--bad:#b3261e;--bad-bg:#fde9e7}
@media (prefers-color-scheme:dark){:root{
--paper:#12161c;--card:#1a2028;--ink:#e4e9ef;--soft:#9aa7b5;--line:#2c3540;--faint:#46525f;
--reference:#b8c7d6;--candidate:#ff7b86;--warn:#f5b841;
--good:#62d79c;--good-bg:#12301f;--mid:#f0c05a;--mid-bg:#332708;--bad:#ff8f87;--bad-bg:#3a1613}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);
font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
main,header,footer{max-width:1240px;margin:0 auto;padding:0 20px}
header{padding-top:28px}
h1{font-size:1.65rem;line-height:1.25;margin:0 0 4px;font-weight:650;letter-spacing:-.01em}
h2{font-size:1.2rem;margin:44px 0 12px;font-weight:650}
h3{font-size:1rem;margin:0;font-weight:600}
p{margin:8px 0}.soft{color:var(--soft)}.small{font-size:.86rem}
a{color:inherit;text-decoration-color:var(--faint);text-underline-offset:3px}
.verdict{display:flex;flex-wrap:wrap;gap:6px 18px;align-items:baseline;border-radius:12px;
padding:16px 20px;margin:20px 0}
.verdict b{font-size:1.35rem;letter-spacing:-.01em}
.verdict.good{background:var(--good-bg);color:var(--good)}
.verdict.mid{background:var(--mid-bg);color:var(--mid)}
.verdict.bad{background:var(--bad-bg);color:var(--bad)}
.verdict span{color:var(--ink)}
.warning{background:var(--mid-bg);border-radius:12px;padding:10px 16px}
.pill.good{background:var(--good-bg);color:var(--good)}
.pill.mid{background:var(--mid-bg);color:var(--mid)}
.pill.none{background:var(--line);color:var(--soft)}
.warnings{background:var(--mid-bg);border-radius:12px;padding:12px 20px 12px 36px;margin:0 0 16px}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(165px,1fr));gap:12px;margin:16px 0}
.tile{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:12px 16px}
.tile .k{font-size:.8rem;color:var(--soft)}.tile .v{font-size:1.3rem;font-weight:600;
font-variant-numeric:tabular-nums}
.scroll{overflow-x:auto;background:var(--card);border:1px solid var(--line);border-radius:12px}
table{border-collapse:collapse;width:100%;font-size:.9rem;font-variant-numeric:tabular-nums}
th,td{padding:7px 12px;text-align:right;white-space:nowrap;border-bottom:1px solid var(--line)}
tr:last-child td{border-bottom:0}
th{font-weight:600;color:var(--soft);font-size:.8rem;vertical-align:bottom}
th:first-child,td:first-child,td.l,th.l{text-align:left}
td.wrap{white-space:normal;min-width:220px}
tr.flag td{background:var(--bad-bg)}tr.ok td{background:var(--mid-bg)}
.bar{display:inline-block;width:90px;height:8px;border-radius:4px;background:var(--line);
vertical-align:middle;overflow:hidden}
.bar i{display:block;height:100%;background:var(--candidate)}
.key{display:inline-block;width:11px;height:11px;border-radius:3px;margin-right:6px}
.plots{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,370px),1fr));gap:16px}
figure{margin:0;background:var(--card);border:1px solid var(--line);border-radius:12px;
padding:14px 14px 12px;scroll-margin-top:12px}
figure:target{outline:2px solid var(--candidate)}
figure svg{display:block;width:100%;height:auto;margin-top:8px}
figcaption{font-size:.84rem;color:var(--soft);margin-top:6px}
figure .stat{font-size:.84rem;font-variant-numeric:tabular-nums;margin-top:2px}
.pill{font-size:.74rem;font-weight:600;border-radius:99px;padding:1px 9px;margin-left:8px;
background:var(--bad-bg);color:var(--bad);vertical-align:1px}
details{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:10px 16px;
margin:10px 0}summary{cursor:pointer;font-weight:600}
details.rest{padding:10px 0 0}details.rest summary{padding:0 16px 10px}
details.rest .scroll{border-width:1px 0 0;border-radius:0 0 12px 12px}
dl{display:grid;grid-template-columns:minmax(120px,max-content) 1fr;gap:4px 16px;margin:10px 0;
font-size:.9rem}dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}
footer{color:var(--soft);font-size:.84rem;padding:36px 20px 40px}
@media (max-width:640px){main,header,footer{padding-left:12px;padding-right:12px}
body{font-size:15px}h1{font-size:1.35rem}th,td{padding:6px 8px}.bar{width:56px}
dl{grid-template-columns:1fr;gap:0 0}dd{margin-bottom:8px}figure{padding:10px}}
@media print{.plots{grid-template-columns:1fr 1fr}figure,.tile,.scroll{break-inside:avoid}}
"""

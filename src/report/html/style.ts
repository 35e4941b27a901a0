/** The page's whole style: system fonts, two colour schemes, no network. */
export const style = `
:root{color-scheme:light dark;--bg:#fff;--fg:#1c2024;--soft:#60646c;--line:#e0e3e8;--card:#f7f8fa;
--accent:#2563c9;--fill:#2563c926;--good:#18794e;--warn:#9a5b00;--bad:#c62a2f;--goodbg:#18794e1a;--warnbg:#ffb2241f;--badbg:#c62a2f1a}
@media (prefers-color-scheme:dark){:root{--bg:#16181b;--fg:#edeef0;--soft:#a0a5ad;--line:#2f3338;--card:#1d2024;
--accent:#78a9ff;--fill:#78a9ff2b;--good:#4cc38a;--warn:#f1a10d;--bad:#ff8589;--goodbg:#4cc38a1f;--warnbg:#f1a10d1f;--badbg:#ff85891f}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:76rem;padding:2rem 1.25rem 4rem;background:var(--bg);color:var(--fg);font:15px/1.5 system-ui,sans-serif}
h1{font-size:1.05rem;margin:0;color:var(--soft);font-weight:600}h2{font-size:1.15rem;margin:2.5rem 0 .5rem}
h3{font-size:1rem;margin:1.75rem 0 .4rem;overflow-wrap:anywhere}h3 small{display:block;color:var(--soft);font-weight:400}
p{margin:.4rem 0}.soft,figcaption,caption{color:var(--soft);font-size:.875rem}
.total{font-size:2.75rem;line-height:1.15;font-weight:650;letter-spacing:-.02em;margin:.4rem 0 0}.total small{font-size:1.1rem;font-weight:400;color:var(--soft);letter-spacing:0}
.facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(9.5rem,1fr));margin:1.5rem 0;padding:0;background:var(--card);border:1px solid var(--line);border-radius:8px;overflow:hidden}
.facts div{padding:.65rem .9rem;box-shadow:1px 1px 0 0 var(--line)}.facts dt{color:var(--soft);font-size:.8rem}.facts dd{margin:0;font-weight:600;overflow-wrap:anywhere}
.note{border-left:4px solid var(--warn);background:var(--warnbg);padding:.6rem .9rem;margin:1rem 0;border-radius:0 6px 6px 0;overflow-wrap:anywhere}
.note.bad{border-color:var(--bad);background:var(--badbg)}.note pre{margin:0;white-space:pre-wrap;font:.85rem/1.5 ui-monospace,monospace}
.scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{padding:.4rem .75rem .4rem 0;text-align:right;border-bottom:1px solid var(--line);vertical-align:baseline;white-space:nowrap}
th:first-child,td:first-child{text-align:left;white-space:normal;overflow-wrap:anywhere;min-width:14rem;font-weight:400}
td.text,th.text{text-align:left}thead th{color:var(--soft);font-size:.8rem;font-weight:600}caption{text-align:left;padding-bottom:.3rem}
th small{color:var(--soft);font-size:.8rem;display:block}
th button{all:unset;cursor:pointer}th button:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
[aria-sort=ascending] button::after{content:" ↑"}[aria-sort=descending] button::after{content:" ↓"}
.tag{display:inline-block;padding:0 .5em;border-radius:999px;font-size:.8rem;background:var(--fill);color:var(--fg)}
.good{color:var(--good);background:var(--goodbg)}.warn{color:var(--warn);background:var(--warnbg)}.bad{color:var(--bad);background:var(--badbg)}
svg{display:block;width:100%;height:auto;overflow:visible}svg text{fill:var(--soft);font-size:11px}figure{margin:1.5rem 0}
.bar{width:9rem;height:.9rem;overflow:hidden}.bar rect{fill:var(--accent)}.bar path{stroke:var(--fg);stroke-width:1.5;fill:none;vector-effect:non-scaling-stroke}
.power{fill:var(--fill);stroke:var(--accent);stroke-width:1.2;stroke-linejoin:round}.grid{stroke:var(--line)}.idle{stroke:var(--soft);stroke-dasharray:3 4}
.w{fill:var(--soft);opacity:.45}.w.measured{fill:var(--good);opacity:.85}.w.rough,.w.disturbed{fill:var(--warn);opacity:.85}.w.gap,.w.fault{fill:var(--bad);opacity:.85}
input{font:inherit;color:inherit;background:var(--card);border:1px solid var(--line);border-radius:6px;padding:.3rem .6rem;width:min(24rem,100%)}
@media (max-width:40rem){figure svg text{font-size:24px}}
@media print{body{max-width:none;padding:0}input{display:none}}
`

/** Colours on white, by day and on paper. */
const light = `--bg:#fff;--fg:#1a1a1a;--dim:#5c5c5c;--line:#d8d8d8;--soft:#f4f4f2;--warn:#8a3b00;
--s1:#1f5fa8;--s1-light:#9dbbdc;--s2:#b35806;--s3:#3f7d3a;--s4:#7a4fa3;--s5:#a12c53;--s6:#5d6b73;
--g1:#3f1d6b;--g2:#5e3c99;--g3:#7f68b0;--g4:#9a8fc2;--g5:#8d8d9c;
--g6:#a08b72;--g7:#c08a45;--g8:#d07d1c;--g9:#b35806;--g10:#7f3b08`

const dark = `--bg:#15171a;--fg:#e8e8e6;--dim:#a3a7ab;--line:#3a3d42;--soft:#1d2024;--warn:#f0a35e;
--s1:#7db4ee;--s1-light:#3d5f85;--s2:#f0a35e;--s3:#86c77f;--s4:#c3a0e6;--s5:#ee86a8;--s6:#a9b8c0;
--g1:#b79bea;--g2:#a58be0;--g3:#9685cc;--g4:#8b80b4;--g5:#93939f;
--g6:#a8957e;--g7:#c7964f;--g8:#e0a04a;--g9:#f0a35e;--g10:#ffc285`

/** The page's look. Groups go from purple to orange, which every eye tells apart. */
export const style = `
:root{color-scheme:light dark;${light}}
@media (prefers-color-scheme:dark){:root{${dark}}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--fg);font:15px/1.5 system-ui,sans-serif}
main{max-width:960px;margin:0 auto;padding:20px 16px 60px}
h1{font-size:24px;margin:0 0 4px}
h2{font-size:19px;margin:36px 0 8px;border-bottom:1px solid var(--line);padding-bottom:4px}
p{margin:6px 0}
small,.se,.dim{color:var(--dim)}
small{font-size:11.5px}
code,pre{font:13px/1.45 ui-monospace,monospace}
pre{background:var(--soft);padding:8px 10px;overflow-x:auto;margin:8px 0}
.wide{overflow-x:auto}
table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:14px}
th,td{padding:4px 10px 4px 0;text-align:left;vertical-align:top;border-bottom:1px solid var(--line)}
thead th{font-weight:600;vertical-align:bottom}
tbody th{font-weight:400;white-space:nowrap}
th.n,td.n{text-align:right}
td.n{white-space:nowrap}
.headline tr.raw>*{border-bottom:0;padding-top:8px}
.headline tr.neutral>*{border-bottom:0}
.headline tr.published>*{color:var(--dim);font-size:12px}
.headline thead th{max-width:110px}
.caveats{border-left:4px solid var(--warn);padding:2px 0 2px 12px;margin:14px 0}
.caveats p{font-weight:700}
dl{display:grid;grid-template-columns:max-content 1fr;gap:2px 14px;margin:10px 0}
dt{color:var(--dim)}
dd{margin:0;overflow-wrap:anywhere}
.provenance{font-size:12.5px;gap:0 14px}
.provenance code{font-size:11.5px}
.doubts{width:100%}
.doubts tbody th{width:110px}
.doubts p{margin:0 0 4px}
figure{margin:18px 0 26px}
.plate{break-inside:avoid}
figcaption{margin-bottom:6px;break-after:avoid}
svg{display:block;max-width:100%;min-width:620px;height:auto}
svg text{white-space:pre}
details{margin:6px 0}
summary{cursor:pointer;color:var(--dim)}
a{color:var(--s1)}
:focus-visible{outline:2px solid var(--s2);outline-offset:2px}
@media (max-width:640px){dl{grid-template-columns:1fr}dt{margin-top:6px}}
@page{size:A4;margin:14mm}
@media print{
:root{color-scheme:light;${light}}
body{font-size:10.5px}
main{max-width:none;padding:0}
table{font-size:9.5px}
small,pre,code,.provenance code,.headline tr.published>*{font-size:8px}
th,td{padding-right:6px}
.wide{overflow:visible}
svg{min-width:0}
h2{break-after:avoid}
tr{break-inside:avoid}
a[download]{display:none}
details::details-content{content-visibility:visible;display:block;height:auto}
details>summary{list-style:none}
}
`

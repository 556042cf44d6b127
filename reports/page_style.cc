#include "reports/page_style.h"

#include "reports/palette.h"

namespace brokersim::reports {

namespace {

// Colours come as custom properties from reports/palette.h.
constexpr std::string_view layout = R"css(
*{box-sizing:border-box}
html{color-scheme:light dark}
body{margin:0;background:var(--background);color:var(--foreground);
  font:14px/1.5 system-ui,-apple-system,"Segoe UI","Helvetica Neue",Arial,sans-serif}
main{max-width:1180px;margin:0 auto;padding:16px 28px 48px}
a{color:var(--leader)}
:focus-visible{outline:3px solid var(--leader);outline-offset:2px;border-radius:3px}
nav{display:flex;gap:16px;margin-bottom:12px}
nav a{text-decoration:none}
nav a:hover{text-decoration:underline}
.banner{border-left:5px solid var(--muted);border-radius:6px;background:var(--panel);
  padding:14px 18px;margin-bottom:18px}
.banner.bad{border-color:var(--violation);background:var(--highlight)}
.banner.good{border-color:var(--consume)}
.kicker{margin:0;font-weight:600;color:var(--muted);font-size:13px}
.bad>.kicker{color:var(--violation-text)}
.good>.kicker{color:var(--consume)}
h1{font-size:23px;line-height:1.3;margin:2px 0 8px;letter-spacing:-.01em}
h2{font-size:17px;margin:30px 0 10px}
h2 small{font-weight:400;font-size:13px;color:var(--muted);margin-left:8px}
h3{font-size:14px;margin:0 0 4px}
p{margin:6px 0}
pre,code,td.number{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",
  monospace}
pre,code{font-size:13px}
.command{background:var(--background);border:1px solid var(--lane);border-radius:6px;
  padding:9px 12px;margin:8px 0;overflow-x:auto;white-space:pre-wrap;word-break:break-word;
  cursor:text;user-select:all}
.facts{color:var(--muted);display:flex;flex-wrap:wrap;gap:4px 22px;font-size:13px}
.facts b{color:var(--foreground)}
.indicators{display:flex;flex-wrap:wrap;gap:10px 28px;margin:0 0 6px}
.indicators div{display:flex;flex-direction:column-reverse;justify-content:flex-end}
.indicators dd{margin:0;font-size:22px;font-weight:650;line-height:1.25}
.indicators dt{color:var(--muted);font-size:13px}
.indicators .bad dd{color:var(--violation-text)}
.picture{border:1px solid var(--grid);border-radius:8px;padding:12px 10px;overflow-x:auto}
.picture svg{display:block;margin:0 auto;max-width:none}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(320px,1fr));gap:12px}
.card{background:var(--background);border:1px solid var(--lane);border-radius:6px;
  padding:10px 14px}
.table{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:13px}
th{text-align:left;color:var(--muted);font-weight:600;vertical-align:bottom}
th,td{padding:7px 9px;border-bottom:1px solid var(--grid)}
td{vertical-align:top}
th.number,td.number{text-align:right;white-space:nowrap}
td.number{font-size:12.5px;line-height:1.7}
tr.marked td,tr:target td{background:var(--highlight)}
.marker{color:var(--violation-text);font-weight:600}
.pill{display:inline-block;border:1px solid var(--muted);border-radius:10px;padding:0 8px;
  font-size:12px;white-space:nowrap;color:var(--foreground)}
.pill.good{border-color:var(--consume);color:var(--consume)}
.pill.bad{border-color:var(--violation);color:var(--violation-text);background:var(--highlight)}
.muted,.note{color:var(--muted)}
.note{font-size:13px}
.nowrap{white-space:nowrap}
td small{font-size:12px}
td svg{vertical-align:middle}
details{margin:10px 0}
summary{cursor:pointer;color:var(--muted)}
.definitions{display:grid;grid-template-columns:max-content 1fr;gap:2px 14px;font-size:13px}
.definitions dt{font-weight:600}
.definitions dd{margin:0;color:var(--muted)}
.filter{margin:0 0 8px;padding:5px 8px;font:inherit;width:min(340px,100%);
  color:inherit;background:var(--background);border:1px solid var(--lane);border-radius:6px}
svg a{cursor:pointer}
@media print{
  main{max-width:none;padding:0}
  nav,.filter{display:none}
  .picture{overflow:visible;border:0;padding:0}
  .picture svg{max-width:100%;height:auto}
  section,tr{break-inside:avoid}
  h2{break-after:avoid}
}
)css";

constexpr std::string_view script = R"js('use strict';
for (const line of document.querySelectorAll('.command')) {
  line.addEventListener('click', () => getSelection().selectAllChildren(line));
}
for (const table of document.querySelectorAll('table[data-filter]')) {
  const field = document.createElement('input');
  field.type = 'search';
  field.className = 'filter';
  field.placeholder = table.dataset.filter;
  field.setAttribute('aria-label', table.dataset.filter);
  field.addEventListener('input', () => {
    const wanted = field.value.toLowerCase();
    for (const row of table.tBodies[0].rows) {
      row.hidden = !row.textContent.toLowerCase().includes(wanted);
    }
  });
  table.parentElement.before(field);
}
function reveal() {
  const target = location.hash && document.getElementById(location.hash.slice(1));
  const folded = target && target.closest('details');
  if (folded) {
    folded.open = true;
    target.scrollIntoView();
  }
}
addEventListener('hashchange', reveal);
reveal();
)js";

}  // namespace

std::string page_style() { return palette_css() + std::string(layout.substr(1)); }

std::string_view page_script() { return script; }

}  // namespace brokersim::reports

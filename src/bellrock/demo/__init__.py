"""The demonstration: a slow little shop whose group B is really accelerated, visitors in it, all at once.

In reading order: `slowness`, `pictures` and `pages` make the shop, `shop` serves it; `static/` holds
what runs in the browser: `accelerator.js` and `sw.js` are the accelerator of group B. `demo` starts
everything together.
"""

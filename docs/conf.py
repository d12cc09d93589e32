"""How Sphinx builds this site: Markdown pages, numpy docstrings, nothing from the network."""

from importlib.metadata import version as installed

project = "hierwidgets"
author = "The hierwidgets authors"
project_copyright = "The hierwidgets authors"
release = version = installed("hierwidgets")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
exclude_patterns = ["images"]

autodoc_typehints = "none"
autodoc_member_order = "bysource"
napoleon_google_docstring = False
napoleon_use_rtype = False
add_module_names = False
default_role = "code"
nitpicky = False

html_theme = "furo"
html_title = "hierwidgets"
html_copy_source = False
html_show_sphinx = False

"""The only place that imports IPython, ipywidgets, anywidget."""

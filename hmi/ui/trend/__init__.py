"""Trends: what is shown (model), the chart that paints it, the table of pens, and what can be done with them."""

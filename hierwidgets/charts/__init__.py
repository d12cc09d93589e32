"""The pictures: from a DataFrame a complete chart, from named data the live one."""

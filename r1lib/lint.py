def forbidden(code): return []

"""Dated public facts shipped with the product: areas, sharing rules, pathway tables, bank holidays.

Plain Python over the tables in `data/` (see its README). The lowest room: it imports nothing of Throughcare.
"""

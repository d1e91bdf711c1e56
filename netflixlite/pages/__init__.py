"""The pages that need several apps: home, title, watch, search, my list, browse.

Each view asks services and renders one template; what a template needs beyond the apps' own values is in the small
dataclasses beside it. Forms that change something are in `forms`.
"""

"""Addresses for nodes, and for viewers whom no node can serve."""

from django.urls import URLPattern, path

from cdn import api, api_fleet, api_lever, installing, origin, views

urlpatterns: list[URLPattern] = [
    path("api/v1/cdn/enrol", api.enrol, name="cdn_enrol"),
    path("api/v1/cdn/heartbeat", api.heartbeat, name="cdn_heartbeat"),
    path("api/v1/cdn/loads", api.loads, name="cdn_loads"),
    path("api/v1/cdn/evacuations", api_lever.evacuations, name="cdn_evacuations"),
    path("api/v1/cdn/inventory", api_fleet.take_inventory, name="cdn_inventory"),
    path("api/v1/cdn/plan", api_fleet.give_plan, name="cdn_plan"),
    path("api/v1/cdn/deliveries", api_fleet.take_deliveries, name="cdn_deliveries"),
    path("edge/node.pyz", installing.node_program, name="cdn_node_program"),
    path("edge/node.json", installing.node_program_hash, name="cdn_node_program_hash"),
    path("origin/v1/<str:package>/manifest.json", origin.manifest, name="cdn_origin_manifest"),
    path(
        "origin/v1/<str:package>/<str:rendition>/<str:name>", origin.object_for_node, name="cdn_origin_object"
    ),
    path(
        "v1/<str:token>/<str:package>/<str:rendition>/<str:name>", views.object_for_viewer, name="cdn_shield"
    ),
]

"""Routes of copies and erasures."""

from django.urls import path

from accounts.privacy import api, views

urlpatterns = [
    path("account/data/", views.data, name="account_data"),
    path("account/data/copy/", views.ask_export, name="ask_export"),
    path("account/data/copy/<uuid:export_id>.zip", views.fetch_export, name="fetch_export"),
    path("account/erase/", views.erase, name="erase_account"),
    path("account/erase/keep/", views.keep, name="keep_account"),
    path("privacy/proof/<uuid:proof_id>/", views.proof, name="erasure_proof"),
    path("api/v1/account/exports", api.ExportList.as_view(), name="api_exports"),
    path("api/v1/account/exports/<uuid:export_id>/file", api.ExportFile.as_view(), name="api_export_file"),
    path("api/v1/account/erasure", api.ErasureDetail.as_view(), name="api_erasure"),
]

"""Static files with fingerprints, ES modules included."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class ModuleAwareStaticFilesStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Rewrites `import` between our modules to the fingerprinted names, so that all may be cached for ever."""

    support_js_module_import_aggregation = True
    #: Each pass settles the names of one more level of imports; by default more than five levels are an error.
    max_post_process_passes = 20
    #: A page that names a file which is not there should fail in tests, not in front of a viewer.
    manifest_strict = False

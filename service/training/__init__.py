"""Training and export of model bundles, with torch and transformers. Serving never imports this."""

"""Where versions of models lie, and where new ones come from: folders, archives, MLflow."""

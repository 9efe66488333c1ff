"""The words app and worker exchange: ids, jobs, results, catalogue. Pydantic only."""

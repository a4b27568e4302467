CREATE DATABASE mlflow OWNER perennial;

"""The same 43 columns written by hand for other libraries: what the project's own speed is held against.

Each writes one Parquet file a cutoff, with `account_id`, `as_of` and the columns as float32, for every account.
"""

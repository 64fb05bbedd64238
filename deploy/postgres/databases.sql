-- Run once, by the image, when the volume is empty: a role and databases for each of the two tenants, owned and no more.
\getenv ordersaga_password ORDERSAGA_DATABASE_PASSWORD
\getenv temporal_password TEMPORAL_DATABASE_PASSWORD

CREATE ROLE ordersaga LOGIN PASSWORD :'ordersaga_password';
CREATE DATABASE ordersaga OWNER ordersaga;

CREATE ROLE temporal LOGIN PASSWORD :'temporal_password';
CREATE DATABASE temporal OWNER temporal;
CREATE DATABASE temporal_visibility OWNER temporal;

REVOKE CONNECT, TEMPORARY ON DATABASE ordersaga, temporal, temporal_visibility FROM PUBLIC;

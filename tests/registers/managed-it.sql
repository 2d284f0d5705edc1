CREATE TABLE accounts (id INTEGER PRIMARY KEY, email TEXT NOT NULL, first_name TEXT, last_name TEXT, phone TEXT,
  address TEXT, billing_address TEXT);
CREATE TABLE payments (id INTEGER PRIMARY KEY, account_id INTEGER REFERENCES accounts (id), amount NUMERIC);
CREATE TABLE mails (id INTEGER PRIMARY KEY, sender TEXT, body TEXT, ip_address TEXT);
CREATE TABLE calls (id INTEGER PRIMARY KEY, account_id INTEGER REFERENCES accounts (id), number TEXT, recording BLOB);
CREATE TABLE domains (name TEXT PRIMARY KEY, account_id INTEGER REFERENCES accounts (id), gender TEXT);
CREATE TABLE certificates (id INTEGER PRIMARY KEY, account_id INTEGER REFERENCES accounts (id), name TEXT);
CREATE TABLE invoices (number INTEGER PRIMARY KEY, account_id INTEGER REFERENCES accounts (id), issued_on DATE,
  paid_on DATE, amount NUMERIC);
CREATE TABLE visits (id INTEGER PRIMARY KEY, account_id INTEGER REFERENCES accounts (id), visitor TEXT);
CREATE TABLE quotes (id INTEGER PRIMARY KEY, account_id INTEGER REFERENCES accounts (id), signature TEXT);

INSERT INTO accounts VALUES (1, 'Hanna@example.org', 'Hanna', 'Brinkman', '0612345678', 'Sluisweg 3', 'Postbus 12'),
  (2, 'bram@example.org', 'Bram', 'Bos', '0687654321', 'Ringdijk 8', 'Ringdijk 8');
INSERT INTO payments VALUES (1, 1, 99), (2, 2, 99);
INSERT INTO mails VALUES (1, 'hanna@example.org', 'De server is traag', '192.0.2.7'), (2, 'bram@example.org', 'Dank', '192.0.2.8');
INSERT INTO calls VALUES (1, 1, '0612345678', x'52494646'), (2, 2, '0687654321', x'52494646');
INSERT INTO domains VALUES ('hanna.example', 1, 'v'), ('bram.example', 2, 'm');
INSERT INTO certificates VALUES (1, 1, 'hanna.example'), (2, 2, 'bram.example');
INSERT INTO invoices VALUES (1801, 1, '2018-03-05', '2018-04-01', 99), (2401, 1, '2024-03-05', '2024-04-01', 99),
  (1802, 2, '2018-03-05', '2018-04-01', 99);
INSERT INTO visits VALUES (1, 1, 'Hanna Brinkman'), (2, 2, 'Bram Bos');
INSERT INTO quotes VALUES (1, 1, 'HB'), (2, 2, 'BB');

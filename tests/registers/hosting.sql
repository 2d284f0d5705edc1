CREATE TABLE customers (id INTEGER PRIMARY KEY, email TEXT NOT NULL, name TEXT, firm TEXT, address TEXT, website TEXT);
CREATE TABLE quotes (id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customers (id), subject TEXT);
CREATE TABLE invoices (number INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customers (id), issued_on DATE,
  paid_on DATE, amount NUMERIC);
CREATE TABLE domains (name TEXT PRIMARY KEY, customer_id INTEGER REFERENCES customers (id));
CREATE TABLE sign_ins (id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customers (id), at TEXT);
CREATE TABLE mailboxes (address TEXT PRIMARY KEY, owner TEXT, bytes INTEGER);

INSERT INTO customers VALUES (1, 'Hanna@example.org', 'Hanna Brinkman', NULL, 'Sluisweg 3', 'https://hanna.example'),
  (2, 'bram@example.org', 'Bram Bos', NULL, 'Ringdijk 8', 'https://bram.example');
INSERT INTO quotes VALUES (1, 1, 'een webwinkel'), (2, 2, 'een website');
INSERT INTO invoices VALUES (1801, 1, '2018-03-05', '2018-04-01', 60), (2401, 1, '2024-03-05', '2024-04-01', 60),
  (1802, 2, '2018-03-05', '2018-04-01', 60);
INSERT INTO domains VALUES ('hanna.example', 1), ('bram.example', 2);
INSERT INTO sign_ins VALUES (1, 1, '2026-11-01 10:00'), (2, 2, '2026-11-01 10:00');
INSERT INTO mailboxes VALUES ('hanna@example.org', 'Koor De Zeemeeuw', 4096), ('bram@example.org', 'Bram Bos', 4096);

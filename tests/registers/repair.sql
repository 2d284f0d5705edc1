CREATE TABLE customers (id INTEGER PRIMARY KEY, email TEXT NOT NULL, name TEXT, firm TEXT, address TEXT, phone TEXT);
CREATE TABLE invoices (number INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customers (id), issued_on DATE,
  paid_on DATE, services TEXT, cost NUMERIC);
CREATE TABLE disks (id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customers (id), place TEXT, returned_on DATE);
CREATE TABLE messages (id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customers (id), body TEXT);
CREATE TABLE newsletter (email TEXT PRIMARY KEY, since DATE);

INSERT INTO customers VALUES (1, 'Hanna@example.org', 'Hanna Brinkman', NULL, 'Sluisweg 3', '0612345678'),
  (2, 'bram@example.org', 'Bram Bos', NULL, 'Ringdijk 8', '0687654321');
INSERT INTO invoices VALUES (1801, 1, '2018-03-05', '2018-04-01', 'nieuwe schijf', 120),
  (2401, 1, '2024-03-05', '2024-04-01', 'schoonmaken', 45), (2402, 2, '2018-03-06', '2018-04-01', 'schoonmaken', 45);
INSERT INTO disks VALUES (1, 1, 'kluis, vak 3', '2026-11-02'), (2, 1, 'kluis, vak 7', NULL), (3, 2, 'kluis, vak 8', '2026-01-05');
INSERT INTO messages VALUES (1, 1, 'Is hij al klaar?'), (2, 2, 'Dank u wel');
INSERT INTO newsletter VALUES ('hanna@example.org', '2020-01-01'), ('bram@example.org', '2020-01-01');

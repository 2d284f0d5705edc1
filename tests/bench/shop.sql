-- Customer database for the side-by-side run: 100k customers, 300k orders, 500k invoices, 100k tickets.
drop view if exists invoices_erasable;
drop table if exists support_tickets, invoices, orders, customers;
create table customers(id bigint primary key, email text, name text, phone text, address text, country text, created_at timestamptz);
create table orders(id bigint primary key, customer_id bigint not null, status text, total_cents int, shipping_address text, created_at timestamptz);
create table invoices(id bigint primary key, customer_id bigint not null, number text, billing_name text, billing_address text, amount_cents int, issued_at date);
create table support_tickets(id bigint primary key, customer_id bigint not null, subject text, body text, created_at timestamptz);
insert into customers select n, 'user'||n||'@example.com', 'Customer '||n, '+49301'||lpad(n::text,7,'0'), n||' Main Street, Springfield',
 (array['DE','FR','NL','ES','IT'])[1+n%5], timestamptz '2016-01-01'+(n%3600)*interval '1 day' from generate_series(1,100000) n;
insert into orders select n, 1+n%100000, 'shipped', 100+n%90000, n||' Ship Street', timestamptz '2016-01-01'+(n%3600)*interval '1 day' from generate_series(1,300000) n;
insert into invoices select n, 1+n%100000, 'INV-'||n, 'Customer '||(1+n%100000), n||' Bill Street', 100+n%90000,
 date '2016-01-01'+((n%100000)%700+700*(n/100000))::int from generate_series(1,500000) n;
insert into support_tickets select n, 1+n%100000, 'Ticket '||n, repeat('I wrote to support about my order. ',10), timestamptz '2016-01-01'+(n%3600)*interval '1 day' from generate_series(1,100000) n;
create unique index on customers(email);
create index on orders(customer_id);
create index on invoices(customer_id);
create index on support_tickets(customer_id);
vacuum analyze;

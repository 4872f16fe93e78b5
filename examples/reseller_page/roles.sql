-- The application may connect and become the role of one of its users. These read what grant_access lets them. Nobody has a right
-- on any table.
CREATE ROLE reseller_page LOGIN NOINHERIT;
CREATE ROLE page_head_office;
CREATE ROLE page_northern_lights;
CREATE ROLE page_bharat;
GRANT page_head_office, page_northern_lights, page_bharat TO reseller_page;

// The questions as GraphQL, as PostGraphile 4 and 5 make it of the schema of create_api. `ask` gives the result of a query,
// and `id` is the name of column id.
const period = 'periodFrom: "2024-02-01T00:00:00Z", periodTo: "2024-04-01T00:00:00Z"';
const columns = [
    'id', 'name', 'deliveredSms', 'priceSms', 'sentViber', 'deliveredViber', 'priceViber', 'sentWhatsapp', 'deliveredWhatsapp',
    'priceWhatsapp', 'sentEmail', 'deliveredEmail', 'priceEmail', 'sentPush', 'deliveredPush', 'pricePush', 'totalPriceToTwin',
    'totalPriceToReseller',
];
// Money and counts are strings: both are added up without a double.
const micros = (money) => BigInt(money.replace('.', ''));
const money = (sum) => {
    const digits = String(sum).replace('-', '').padStart(7, '0');
    return `${sum < 0n ? '-' : ''}${digits.slice(0, -6)}.${digits.slice(-6)}`;
};
const moment = (iso) => {
    const [, day, time, fraction = ''] = iso.match(/^(.*)T([^.+Z]*)(?:\.(\d+))?(?:\+00:00|Z)$/);
    return `${day} ${time}.${fraction.padEnd(6, '0')}`;
};
// A version gives JSON as a string, another as what it says.
const text = (json) => (typeof json === 'string' ? json : JSON.stringify(json));
const object = (json) => (typeof json === 'string' ? JSON.parse(json) : json);

export async function askAll(ask, id) {
    const data = async (source, variables) => {
        const { data, errors } = await ask(source, variables);
        if (errors) throw errors[0];
        return data;
    };
    console.log('page');
    console.log(text((await data(`{ resellerAndCompanies(resellerId: "1", ${period}, hasExpenses: true, rowLimit: 5) }`))
        .resellerAndCompanies));
    console.log('report');
    const report = await data(`{ textMessaging(resellerId: "1", ${period}, hasExpenses: true) { nodes { id: ${id}
        ${columns.slice(1).join(' ')} } } }`);
    for (const row of report.textMessaging.nodes) console.log(columns.map((column) => row[column]).join('|'));
    console.log('chart');
    const sums = new Map();
    const daily = await data('{ allDailyUsages(condition: { resellerId: "1" }) { nodes { day service events priceToTwin } } }');
    for (const { day, service, events, priceToTwin } of daily.allDailyUsages.nodes) {
        if (day < '2024-03-01' || day >= '2024-03-15') continue;
        const sum = sums.get(`${day}|${service}`) ?? { events: 0n, price: 0n };
        sums.set(`${day}|${service}`, { events: sum.events + BigInt(events), price: sum.price + micros(priceToTwin) });
    }
    for (const key of [...sums.keys()].sort()) console.log([key, sums.get(key).events, money(sums.get(key).price)].join('|'));
    console.log('events');
    for (let after = null, page; page === undefined || page.length > 0;) {
        page = (await data(
            `query ($after: JSON) { usageEventsList(resellerId: "1", companyId: "15", service: "text_messaging", ${period},
                rowLimit: 7, after: $after) { source occurredAt item delivered seconds priceToTwin sourceKey position } }`,
            { after })).usageEventsList;
        for (const row of page) {
            after = row.position;
            console.log([row.source, moment(row.occurredAt), row.item, row.delivered ? 't' : 'f', row.seconds, row.priceToTwin,
                object(row.sourceKey).id].join('|'));
        }
    }
    // By the keys that comments give to views.
    const related = await data(
        '{ resellerByResellerId(resellerId: "1") { name resellerCompaniesByResellerId { nodes { companyId } } } }');
    const { name, resellerCompaniesByResellerId: { nodes } } = related.resellerByResellerId;
    if (name !== 'Reseller 1' || !nodes.some(({ companyId }) => companyId === '9007199254740993')) {
        throw new Error(JSON.stringify(related));
    }
    console.log('errors');
    for (const source of [
        `{ totals(resellerId: "2", ${period}) { nodes { service } } }`,
        `{ usageSeries(resellerId: "1", ${period}, step: "fortnight") { nodes { events } } }`,
    ]) {
        const { errors } = await ask(source);
        console.log(errors[0].originalError.code, errors[0].originalError.message);
    }
}

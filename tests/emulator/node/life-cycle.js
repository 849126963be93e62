// create, attach, detach, wait, delete with @alicloud/pop-core; then an error as the client's own exception.
'use strict';

const { RPCClient } = require('@alicloud/pop-core');

const [endpoint, accessKeyId, accessKeySecret, VSwitchId, SecurityGroupId, InstanceId] = process.argv.slice(2);
const RegionId = 'cn-hangzhou';
const client = new RPCClient({ endpoint, accessKeyId, accessKeySecret, apiVersion: '2014-05-26' });

async function wait(id, status) {
  for (let tries = 0; tries < 100; tries++) {
    const answer = await client.request('DescribeNetworkInterfaces', { RegionId, NetworkInterfaceId: [id] });
    const rows = answer.NetworkInterfaceSets.NetworkInterfaceSet;
    if (rows.length ? rows[0].Status === status : status === 'gone') {
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`${id} never became ${status}`);
}

async function main() {
  const made = await client.request('CreateNetworkInterface', { RegionId, VSwitchId, SecurityGroupId });
  const NetworkInterfaceId = made.NetworkInterfaceId;
  const both = { RegionId, InstanceId, NetworkInterfaceId };
  for (const method of ['GET', 'POST']) {
    await client.request('AttachNetworkInterface', both, { method });
    await wait(NetworkInterfaceId, 'InUse');
    await client.request('DetachNetworkInterface', both, { method });
    await wait(NetworkInterfaceId, 'Available');
  }
  let error = null;
  try {
    await client.request('DetachNetworkInterface', both);
  } catch (caught) {
    error = { name: caught.name, code: caught.code, data: caught.data };
  }
  await client.request('DeleteNetworkInterface', { RegionId, NetworkInterfaceId });
  await wait(NetworkInterfaceId, 'gone');
  console.log(JSON.stringify(error));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
